using System.Text.RegularExpressions;

namespace Temper.Privacy.Tests.Audit;

/// <summary>Checks that no text claims more protection than an obfuscation gives.</summary>
public sealed partial class WordsTests
{
    [Fact]
    public void No_text_calls_morphing_secure_or_private()
    {
        string root = Root();
        string[] files =
        [
            .. Directory.GetFiles(Path.Combine(root, "src", "Temper.Privacy"), "*.cs", SearchOption.AllDirectories)
                .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)),
            .. Directory.GetFiles(Path.Combine(root, "src", "Temper.Cli", "Commands"), "Morph*.cs"),
            Path.Combine(root, "src", "Temper.Cli", "Commands", "AuditCommand.cs"), Path.Combine(root, "docs", "mole.md"),
        ];
        Assert.True(files.Length > 20);
        foreach (string file in files)
        {
            foreach (string line in File.ReadLines(file))
            {
                IEnumerable<string> texts = file.EndsWith(".md", StringComparison.Ordinal) ? [line] : Strings().Matches(line).Select(match => match.Value);
                Assert.All(texts, said => Assert.False(Claims().IsMatch(said), $"{Path.GetFileName(file)}: {said}"));
            }
        }
    }

    [Fact]
    public void Page_says_the_break_in_its_first_screen()
    {
        string screen = string.Join('\n', File.ReadLines(Path.Combine(Root(), "docs", "mole.md")).Take(30));
        Assert.Contains("obfuscation, not encryption", screen);
        Assert.Contains("BROKEN", screen);
        Assert.Contains("temper audit", screen);
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Temper.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder!;
    }

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"", RegexOptions.None, 5000)]
    private static partial Regex Strings();

    [GeneratedRegex(@"\b(in)?secure(ly|d)?\b|\b(is|are|stays?|keeps?|makes?)\b[^.;]{0,30}\bprivate\b|\bprivacy[- ]preserving\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Claims();
}
