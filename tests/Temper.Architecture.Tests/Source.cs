using System.Text.RegularExpressions;

namespace Temper.Architecture.Tests;

/// <summary>What can be read off a source file without a compiler.</summary>
internal static partial class Source
{
    /// <summary>The text without comments: what is written about code is no use of it.</summary>
    internal static string WithoutComments(string source) => Comment().Replace(source, "");

    internal static string? Namespace(string source) =>
        NamespaceLine().Match(source) is { Success: true } match ? match.Groups["name"].Value : null;

    /// <summary><c>src/Temper/Tensors/Shape.cs</c>: <c>Temper.Tensors</c>.</summary>
    internal static string FolderNamespace(string path) => string.Join('.', path.Split('/')[1..^1]);

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex NamespaceLine();
}
