namespace Temper.Cli.CommandLine;

/// <summary>The known name that somebody may have meant.</summary>
internal static class Suggestion
{
    /// <inheritdoc cref="Networks.Names.Suggestion"/>
    internal static string For(string word, IEnumerable<string> known) => Networks.Names.Suggestion(word, known);
}
