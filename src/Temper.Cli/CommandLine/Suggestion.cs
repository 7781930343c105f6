namespace Temper.Cli.CommandLine;

/// <summary>Suggests a known name for a misspelled one.</summary>
internal static class Suggestion
{
    /// <inheritdoc cref="Networks.Names.Suggestion"/>
    internal static string For(string word, IEnumerable<string> known) => Networks.Names.Suggestion(word, known);
}
