namespace Temper.TestRunner;

/// <summary>A project below <c>tests/</c> that holds tests.</summary>
/// <param name="Name">Its name, for example <c>Temper.Data.Tests</c>.</param>
/// <param name="Folder">Where it is.</param>
internal sealed record TestProject(string Name, string Folder)
{
    private const string Prefix = "Temper.", Suffix = ".Tests";

    /// <summary>Projects that take longest, to begin with; the engine has most tests, and the tool's start processes.</summary>
    private static readonly (string Name, int Seconds)[] Heavy = [("Temper.EndToEnd.Tests", 150), ("Temper.Tests", 90)];

    /// <summary>Projects whose kernels depend on the width of vectors.</summary>
    private static readonly string[] WithKernels = ["Temper.Tests", "Temper.Inference.Tests"];

    internal string Assembly => Path.Combine(Folder, "bin", "Release", "net10.0", $"{Name}.dll");

    internal bool HasKernels => WithKernels.Contains(Name, StringComparer.Ordinal);

    /// <summary>Seconds that it should take on two cores. More is told, and no failure: it is a matter of the machine too.</summary>
    internal int Budget => Heavy.FirstOrDefault(heavy => string.Equals(heavy.Name, Name, StringComparison.Ordinal)) is { Seconds: > 0 and var seconds } ? seconds : 45;

    /// <summary>All of them, those that take longest first, so that none is left over alone at the end.</summary>
    internal static IReadOnlyList<TestProject> All(string root) =>
    [
        .. Directory.EnumerateDirectories(Path.Combine(root, "tests"))
            .Select(folder => new TestProject(Path.GetFileName(folder), folder))
            .Where(project => project.Name.EndsWith(Suffix, StringComparison.Ordinal) && File.Exists(Path.Combine(project.Folder, $"{project.Name}.csproj")))
            .OrderByDescending(project => project.Budget).ThenBy(project => project.Name, StringComparer.Ordinal),
    ];

    /// <summary>Those with one of some names.</summary>
    /// <exception cref="ArgumentException">A name is that of none.</exception>
    internal static IReadOnlyList<TestProject> Select(IReadOnlyList<TestProject> all, IReadOnlyList<string> names)
    {
        foreach (string name in names.Where(name => !all.Any(project => project.IsCalled(name))))
        {
            throw new ArgumentException($"no such project (got '{name}', expected one of {string.Join(", ", all.Select(project => project.Name))})");
        }

        return names.Count == 0 ? all : [.. all.Where(project => names.Any(project.IsCalled))];
    }

    private bool IsCalled(string name) => ((string[])[name, name + Suffix, Prefix + name, Prefix + name + Suffix])
        .Contains(Name, StringComparer.OrdinalIgnoreCase);
}
