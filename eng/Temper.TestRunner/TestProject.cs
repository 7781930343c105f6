namespace Temper.TestRunner;

/// <summary>A test project in <c>tests/</c>.</summary>
/// <param name="Name">For example <c>Temper.Data.Tests</c>.</param>
/// <param name="Folder">Full path of the project folder.</param>
internal sealed record TestProject(string Name, string Folder)
{
    private const string Prefix = "Temper.", Suffix = ".Tests";

    /// <summary>
    /// Projects with a larger time budget: <c>Temper.Tests</c> has the most tests, and the end-to-end tests start
    /// processes.
    /// </summary>
    private static readonly (string Name, int Seconds)[] Heavy = [("Temper.EndToEnd.Tests", 150), ("Temper.Tests", 90)];

    /// <summary>Projects that test kernels whose code depends on the vector width.</summary>
    private static readonly string[] WithKernels = ["Temper.Tests", "Temper.Inference.Tests"];

    internal string Assembly => Path.Combine(Folder, "bin", "Release", "net10.0", $"{Name}.dll");

    internal bool HasKernels => WithKernels.Contains(Name, StringComparer.Ordinal);

    /// <summary>
    /// Time budget in seconds, on two cores. A run over budget is reported but does not fail, because the time also
    /// depends on the machine.
    /// </summary>
    internal int Budget =>
        Heavy.FirstOrDefault(heavy => string.Equals(heavy.Name, Name, StringComparison.Ordinal))
            is { Seconds: > 0 and var seconds } ? seconds : 45;

    /// <summary>
    /// Returns all test projects, those with the largest budget first, so that no long project runs alone at the end.
    /// </summary>
    internal static IReadOnlyList<TestProject> All(string root) =>
    [
        .. Directory.EnumerateDirectories(Path.Combine(root, "tests"))
            .Select(folder => new TestProject(Path.GetFileName(folder), folder))
            .Where(project => project.Name.EndsWith(Suffix, StringComparison.Ordinal)
                && File.Exists(Path.Combine(project.Folder, $"{project.Name}.csproj")))
            .OrderByDescending(project => project.Budget).ThenBy(project => project.Name, StringComparer.Ordinal),
    ];

    /// <summary>Returns the projects with the given names; all if there are no names.</summary>
    /// <exception cref="ArgumentException">No project has one of the names.</exception>
    internal static IReadOnlyList<TestProject> Select(IReadOnlyList<TestProject> all, IReadOnlyList<string> names)
    {
        foreach (string name in names.Where(name => !all.Any(project => project.IsCalled(name))))
        {
            string known = string.Join(", ", all.Select(project => project.Name));
            throw new ArgumentException($"no such project (got '{name}', expected one of {known})");
        }

        return names.Count == 0 ? all : [.. all.Where(project => names.Any(project.IsCalled))];
    }

    private bool IsCalled(string name) => ((string[])[name, name + Suffix, Prefix + name, Prefix + name + Suffix])
        .Contains(Name, StringComparer.OrdinalIgnoreCase);
}
