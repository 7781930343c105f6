using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Temper.Architecture.Tests;

public sealed partial class SourceTests(ITestOutputHelper output)
{
    private const int LongestFile = 600;
    private const int LongestLine = 120;
    private const int LongestMethod = 45;

    private static IEnumerable<string> Sources => Repository.Files("src", "*.cs");

    [Fact]
    public void Pointers_and_intrinsics_stand_in_Kernels_and_Native_only()
    {
        IEnumerable<string> wrong = Sources
            .Where(path => !path.StartsWith("src/Temper/Kernels/", StringComparison.Ordinal) && !path.Contains("/Native/", StringComparison.Ordinal))
            .Where(path => Unsafe().IsMatch(Source.WithoutComments(Repository.Read(path))));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Files_are_short()
    {
        (string Path, int Lines)[] sizes = [.. Sources.Where(path => !path.Contains("/Generated/", StringComparison.Ordinal))
            .Select(path => (path, Repository.Read(path).Count(letter => letter == '\n'))).OrderBy(file => file.Item2)];
        output.WriteLine($"{sizes.Length} files, median {sizes[sizes.Length / 2].Lines} lines, longest {sizes[^1].Lines} ({sizes[^1].Path})");
        Assert.DoesNotContain(sizes, file => file.Lines > LongestFile);
    }

    [Fact]
    public void Lines_are_short()
    {
        (string Project, string Path, int Count)[] files =
        [
            .. from path in Sources
               where !path.Contains("/Generated/", StringComparison.Ordinal)
               let lines = Repository.Read(path).Split('\n')
               select (path.Split('/')[1], path, lines.Count(line => line.TrimEnd('\r').Length > LongestLine)),
        ];
        foreach (IGrouping<string, int> project in files.GroupBy(file => file.Project, file => file.Count, StringComparer.Ordinal))
        {
            output.WriteLine($"{project.Key}: {project.Sum()} lines are longer than {LongestLine} columns");
        }

        Assert.DoesNotContain(files, file => file.Count > 0);
    }

    [Fact]
    public void Methods_are_short()
    {
        (string Method, int Lines)[] methods =
        [
            .. from path in Sources
               where !path.EndsWith(".g.cs", StringComparison.Ordinal)
               from method in Methods.Of(Repository.Read(path))
               select ($"{path}: {method.Name}", method.Lines),
        ];
        (string Method, int Lines)[] tooLong = [.. methods.Where(method => method.Lines > LongestMethod)];
        output.WriteLine($"{methods.Length} methods, {tooLong.Length} have more than {LongestMethod} lines, the longest {methods.Max(method => method.Lines)}");
        Assert.DoesNotContain(tooLong, method => !LongMethods.Allowed.Contains(method.Method, StringComparer.Ordinal));
        Assert.Empty(LongMethods.Allowed.Except(tooLong.Select(method => method.Method), StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/package.md")]
    public void First_page_shows_the_program_that_is_compiled(string page)
    {
        string program = Repository.Read("samples/QuickStart/Program.cs").ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\n{program}```", Repository.Read(page).ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_left_open_or_tied_to_one_machine()
    {
        // Concatenated, so that this file does not contain the forbidden strings.
        string[] forbidden = ["/work" + "/", "/ho" + "me/", "TO" + "DO", "FIX" + "ME", "Not" + "ImplementedException", "C:" + "\\Users"];
        IEnumerable<string> texts = new[] { "*.cs", "*.md", "*.csproj", "*.props", "*.py", "*.yml", "*.json", "*.sh" }
            .SelectMany(pattern => Repository.Files(".", pattern))
            .Concat(["temper", "test", ".ci/run", ".editorconfig"]);
        IEnumerable<string> wrong =
            from path in texts
            let text = Repository.Read(path)
            from word in forbidden
            where text.Contains(word, StringComparison.Ordinal)
            select $"{path}: {word}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Links_between_documents_lead_somewhere()
    {
        IEnumerable<string> wrong =
            from path in Repository.Files(".", "*.md")
            from Match link in Link().Matches(Repository.Read(path))
            let target = link.Groups["target"].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
            let full = Path.Combine(Repository.Root, Path.GetDirectoryName(path)!, target)
            where !File.Exists(full) && !Directory.Exists(full)
            select $"{path}: {target}";
        Assert.Empty(wrong);
    }

    [GeneratedRegex(@"\bunsafe\b|System\.Runtime\.Intrinsics|\bUnsafe\.(?!SizeOf)|MemoryMarshal\.GetReference|DllImport|LibraryImport", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Unsafe();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Link();
}
