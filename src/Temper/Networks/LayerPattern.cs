using System.IO.Enumeration;

namespace Temper.Networks;

/// <summary>Patterns for names of layers, in which <c>*</c> matches any text.</summary>
internal static class LayerPattern
{
    internal static bool Matches(string pattern, string name) =>
        FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);

    /// <summary>Returns whether any of the patterns matches a name.</summary>
    internal static bool MatchesAny(IReadOnlyList<string> patterns, string name) =>
        patterns.Any(pattern => Matches(pattern, name));
}
