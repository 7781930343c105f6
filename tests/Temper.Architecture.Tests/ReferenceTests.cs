using System.Xml.Linq;

namespace Temper.Architecture.Tests;

/// <summary>Which project may name which: the whole table.</summary>
public sealed class ReferenceTests
{
    /// <summary>Arrows only point down; whatever a project names it may use everything below of.</summary>
    private static readonly Dictionary<string, string[]> Projects = new(StringComparer.Ordinal)
    {
        ["Temper"] = [],
        ["Temper.Formats"] = ["Temper"],
        ["Temper.Inference"] = ["Temper"],
        ["Temper.Data"] = ["Temper.Formats"],
        ["Temper.Training"] = ["Temper.Data"],
        ["Temper.Compression"] = ["Temper.Training"],
        ["Temper.Reporting"] = ["Temper.Compression"],
        ["Temper.Serving"] = ["Temper.Inference"],
        ["Temper.Cli"] = ["Temper.Reporting", "Temper.Serving"],
    };

    /// <summary>Packages a project may use besides the analyzers.</summary>
    private static readonly Dictionary<string, string[]> Packages = new(StringComparer.Ordinal)
    {
        ["Temper"] = ["System.Numerics.Tensors"],
        ["Temper.Cli"] = ["Spectre.Console", "System.CommandLine", "YamlDotNet"],
    };

    /// <summary>Inside Temper: each folder with those it may use.</summary>
    private static readonly Dictionary<string, string[]> Folders = new(StringComparer.Ordinal)
    {
        ["Kernels"] = [],
        ["Randomness"] = ["Kernels"],
        ["Tensors"] = ["Kernels", "Randomness"],
        ["Networks"] = ["Kernels", "Randomness", "Tensors"],
        ["Optimization"] = ["Kernels", "Randomness", "Tensors", "Networks"],
    };

    public static TheoryData<string> SourceProjects => [.. Directory.EnumerateDirectories(Path.Combine(Repository.Root, "src"))
        .Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Project_references_are_those_of_the_table(string project)
    {
        Assert.True(Projects.ContainsKey(project), $"src/{project} is not in the table of allowed references");
        Assert.Equal(Projects[project], Included(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)));
    }

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Project_packages_are_those_of_the_table(string project) =>
        Assert.Equal(Packages.GetValueOrDefault(project, []), Included(project, "PackageReference").Order(StringComparer.Ordinal));

    [Fact]
    public void Folders_of_Temper_use_only_those_below()
    {
        var wrong = new List<string>();
        foreach (string path in Repository.Files("src/Temper", "*.cs"))
        {
            string folder = path.Split('/')[2];
            if (!Folders.TryGetValue(folder, out string[]? allowed))
            {
                wrong.Add($"{path}: its folder is not in the table");
                continue;
            }

            string source = Source.WithoutComments(Repository.Read(path));
            wrong.AddRange(Folders.Keys
                .Where(other => !string.Equals(other, folder, StringComparison.Ordinal) && !allowed.Contains(other, StringComparer.Ordinal))
                .Where(other => source.Contains($"Temper.{other}", StringComparison.Ordinal))
                .Select(other => $"{path}: uses Temper.{other}"));
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Namespaces_are_folders()
    {
        IEnumerable<string> wrong = Repository.Files("src", "*.cs")
            .Select(path => (Path: path, Found: Source.Namespace(Repository.Read(path)), Expected: Source.FolderNamespace(path)))
            .Where(file => file.Found is not null && !file.Expected.StartsWith(file.Found, StringComparison.Ordinal))
            .Select(file => $"{file.Path}: namespace {file.Found}, folder {file.Expected}");
        Assert.Empty(wrong);
    }

    private static IEnumerable<string> Included(string project, string kind) =>
        XDocument.Parse(Repository.Read($"src/{project}/{project}.csproj")).Descendants(kind).Select(element => (string)element.Attribute("Include")!);
}
