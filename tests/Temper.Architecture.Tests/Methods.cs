using System.Text.RegularExpressions;

namespace Temper.Architecture.Tests;

/// <summary>
/// Lengths of methods, by the indentation of their braces: the body of a member is between a line with only an opening
/// brace and the next line that starts with a closing brace in the same column. Members are indented by four columns
/// more than their type. Expression bodies without such braces are not counted.
/// </summary>
internal static partial class Methods
{
    private const int Step = 4;

    /// <summary>Returns methods, constructors and properties, with the number of lines between their braces.</summary>
    /// <param name="source">Text of a file with a file-scoped namespace.</param>
    internal static (string Name, int Lines)[] Of(string source)
    {
        var found = new List<(string Name, int Lines)>();
        Collect(source.ReplaceLineEndings("\n").Split('\n'), 0, found);
        return [.. found];
    }

    private static void Collect(string[] lines, int indentation, List<(string Name, int Lines)> found)
    {
        string margin = new(' ', indentation);
        int line = 0;
        while (line < lines.Length)
        {
            if (!string.Equals(lines[line], margin + "{", StringComparison.Ordinal))
            {
                line++;
                continue;
            }

            string declaration = Declaration(lines[..line], margin);
            string[] body = [.. lines[(line + 1)..].TakeWhile(text => !text.StartsWith(margin + "}", StringComparison.Ordinal))];
            if (TypeDeclaration().IsMatch(declaration))
            {
                Collect(body, indentation + Step, found);
            }
            else if (!Initializer().IsMatch(declaration))
            {
                found.Add((Name(declaration), body.Length));
            }

            line += body.Length + 2;
        }
    }

    /// <summary>Returns the last lines before a brace, from the last line that starts in the column of the brace.</summary>
    private static string Declaration(string[] before, string margin)
    {
        int first = Array.FindLastIndex(
            before, text => text.StartsWith(margin, StringComparison.Ordinal) && text.Length > margin.Length && text[margin.Length] is not ' ');
        return string.Join(' ', before[Math.Max(first, 0)..].Select(text => text.Trim()));
    }

    private static string Name(string declaration)
    {
        string head = declaration.Split("=>")[0].TrimEnd();
        return NamePart().Match(head) is { Success: true } match ? match.Groups["name"].Value : head;
    }

    [GeneratedRegex(@"^[^(=]*\b(class|struct|interface|enum|record)\b", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex TypeDeclaration();

    /// <summary>A field or property with a value, whose braces are those of an object or a collection.</summary>
    [GeneratedRegex(@"^[^(=]*=(?!>)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Initializer();

    /// <summary>The first word before a parenthesis, which a tuple does not have; the last word of a property.</summary>
    [GeneratedRegex(@"(?<name>\w+)(<[^>]*>)?\(|(?<name>\w+)$", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex NamePart();
}
