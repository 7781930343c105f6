using System.Text.RegularExpressions;

namespace Temper.Architecture.Tests;

/// <summary>Properties of source files that can be determined without a compiler.</summary>
internal static partial class Source
{
    /// <summary>
    /// Comments, and the literals that may contain the beginning of one: raw, verbatim and other strings, characters.
    /// </summary>
    private const string CommentOrLiteral = """
        //[^\n]* | /\*.*?\*/
        | (?<quotes>"{3,}).*?\k<quotes> | @\$?"([^"]|"")*" | "(\\.|[^"\\\n])*"
        | '(\\.[^'\n]*|[^'\\\n])'
        """;

    /// <summary>Returns the text without comments, since a mention in a comment is not a use.</summary>
    internal static string WithoutComments(string source) =>
        Token().Replace(source, token => token.Value.StartsWith('/') ? "" : token.Value);

    internal static string? Namespace(string source) =>
        NamespaceLine().Match(source) is { Success: true } match ? match.Groups["name"].Value : null;

    /// <summary>
    /// Returns the namespace that matches a path: <c>Temper.Tensors</c> for <c>src/Temper/Tensors/Shape.cs</c>.
    /// </summary>
    internal static string FolderNamespace(string path) => string.Join('.', path.Split('/')[1..^1]);

    [GeneratedRegex(
        CommentOrLiteral,
        RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace,
        matchTimeoutMilliseconds: 5000)]
    private static partial Regex Token();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex NamespaceLine();
}
