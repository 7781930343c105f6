using System.Xml.Linq;

namespace Temper.Architecture.Tests;

/// <summary>
/// Checks dependencies between projects and between folders against a complete table of the allowed ones.
/// </summary>
public sealed class ReferenceTests
{
    private static readonly string[] Method = ["Temper.Training", "Temper.Inference", "Temper.Reporting"];

    /// <summary>
    /// Lowest layer first. Each row lists the projects that a project may reference; their own references come with
    /// them. Methods do not reference each other, except that snooping uses the attack contracts of robustness.
    /// Reporting references no method; methods add sections to reports.
    /// </summary>
    private static readonly (string Project, string[] MayUse)[] Projects =
    [
        ("Temper", []),
        ("Temper.Formats", ["Temper"]),
        ("Temper.Data", ["Temper.Formats"]),
        ("Temper.Inference", ["Temper"]),
        ("Temper.Training", ["Temper.Data"]),
        ("Temper.Reporting", []),
        ("Temper.Compression", Method),
        ("Temper.Growth", Method),
        ("Temper.Robustness", Method),
        ("Temper.Privacy", Method),
        ("Temper.Reinforcement", Method),
        ("Temper.Snooping", [.. Method, "Temper.Robustness"]),
        ("Temper.Parallelism", Method),
        ("Temper.Serving", ["Temper.Inference"]),
        ("Temper.Cli",
        [
            "Temper.Compression", "Temper.Growth", "Temper.Robustness", "Temper.Privacy", "Temper.Reinforcement", "Temper.Snooping",
            "Temper.Parallelism", "Temper.Serving",
        ]),
    ];

    /// <summary>NuGet packages that a project may use besides the analyzers.</summary>
    private static readonly Dictionary<string, string[]> Packages = new(StringComparer.Ordinal)
    {
        ["Temper"] = ["System.Numerics.Tensors"],
        ["Temper.Cli"] = ["Spectre.Console", "System.CommandLine", "YamlDotNet"],
    };

    /// <summary>Within a project: each folder and the folders of the same project that it may use.</summary>
    private static readonly Dictionary<string, Dictionary<string, string[]>> Folders = new(StringComparer.Ordinal)
    {
        ["Temper"] = new(StringComparer.Ordinal)
        {
            ["Wording"] = [],
            ["Kernels"] = [],
            ["Randomness"] = ["Kernels"],
            ["Tensors"] = ["Kernels", "Randomness"],
            ["Networks"] = ["Kernels", "Randomness", "Tensors"],
            ["Optimization"] = ["Kernels", "Randomness", "Tensors", "Networks"],
        },
        ["Temper.Compression"] = new(StringComparer.Ordinal)
        {
            ["Pruning"] = [],
            ["Shrinking"] = ["Pruning"],
            ["DeepHoyer"] = ["Pruning"],
            ["Activations"] = ["Pruning"],
            ["Calibration"] = ["Pruning"],
            ["Distillation"] = [],
            ["Quantization"] = ["Pruning"],
            ["Pipeline"] = ["Pruning", "Shrinking", "DeepHoyer", "Activations", "Calibration", "Distillation", "Quantization"],
        },
        ["Temper.Robustness"] = new(StringComparer.Ordinal)
        {
            ["Criteria"] = [],
            ["Attacks"] = ["Criteria"],
            ["Evaluation"] = ["Criteria", "Attacks"],
            ["Feedback"] = ["Criteria", "Attacks"],
            ["Training"] = ["Criteria", "Attacks", "Feedback"],
            ["Video"] = ["Criteria", "Attacks"],
        },
        ["Temper.Privacy"] = new(StringComparer.Ordinal) { ["Morphing"] = [], ["Audit"] = ["Morphing"] },
        ["Temper.Reinforcement"] = new(StringComparer.Ordinal) { ["Environments"] = [], ["Agents"] = ["Environments"], ["Bridges"] = ["Environments", "Agents"] },
        ["Temper.Parallelism"] = new(StringComparer.Ordinal)
        {
            ["Planning"] = [],
            ["Simulation"] = ["Planning"],
            ["Collectives"] = [],
            ["Execution"] = ["Planning", "Simulation", "Collectives"],
        },
    };

    public static TheoryData<string> SourceProjects => [.. Directory.EnumerateDirectories(Path.Combine(Repository.Root, "src"))
        .Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void Arrows_of_the_table_point_down()
    {
        string[] order = [.. Projects.Select(row => row.Project)];
        IEnumerable<string> wrong =
            from row in Projects
            from used in row.MayUse
            where Array.IndexOf(order, used) is var place && (place < 0 || place >= Array.IndexOf(order, row.Project))
            select $"{row.Project} uses {used}, which is not below it";
        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Project_refers_only_to_those_of_the_table(string project)
    {
        string[]? allowed = Projects.FirstOrDefault(row => string.Equals(row.Project, project, StringComparison.Ordinal)).MayUse;
        Assert.True(allowed is not null, $"src/{project} is not in the table of allowed references");
        Assert.Empty(Included(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)).Except(allowed, StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Project_has_tests(string project) =>
        Assert.True(File.Exists(Path.Combine(Repository.Root, "tests", $"{project}.Tests", $"{project}.Tests.csproj")), $"tests/{project}.Tests is missing");

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Project_packages_are_those_of_the_table(string project) =>
        Assert.Equal(Packages.GetValueOrDefault(project, []), Included(project, "PackageReference").Order(StringComparer.Ordinal));

    [Fact]
    public void Folders_use_only_those_of_the_table()
    {
        IEnumerable<string> wrong =
            from project in Folders.Keys
            where Directory.Exists(Path.Combine(Repository.Root, "src", project))
            from path in Repository.Files($"src/{project}", "*.cs")
            from problem in Problems(project, path)
            select $"{path}: {problem}";
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

    private static IEnumerable<string> Problems(string project, string path)
    {
        string folder = path.Split('/')[2];
        if (!Folders[project].TryGetValue(folder, out string[]? allowed))
        {
            return ["its folder is not in the table"];
        }

        string source = Source.WithoutComments(Repository.Read(path));
        return Folders[project].Keys
            .Where(other => !string.Equals(other, folder, StringComparison.Ordinal) && !allowed.Contains(other, StringComparer.Ordinal))
            .Where(other => source.Contains($"{project}.{other}", StringComparison.Ordinal))
            .Select(other => $"uses {project}.{other}");
    }

    private static IEnumerable<string> Included(string project, string kind) =>
        XDocument.Parse(Repository.Read($"src/{project}/{project}.csproj")).Descendants(kind).Select(element => (string)element.Attribute("Include")!);
}
