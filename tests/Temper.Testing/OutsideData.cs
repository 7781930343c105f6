using Xunit;

namespace Temper.Testing;

/// <summary>
/// Real data and published models outside the repository: in the folder given by TEMPER_DATA, otherwise in
/// <c>../shared/data</c> relative to the repository root. Tests whose data is missing are skipped with the reason.
/// </summary>
public static class OutsideData
{
    private const string Variable = "TEMPER_DATA";

    /// <summary>The folder; null if it does not exist.</summary>
    public static string? Root { get; } = FindRoot();

    /// <summary>Returns the path of a file or folder in it.</summary>
    /// <param name="name">For example <c>mnist-models/convex_mnist.safetensors</c>.</param>
    public static string PathOf(string name) =>
        Path.Combine(Root ?? throw new InvalidOperationException($"OutsideData: not there; set {Variable}"), name);

    /// <summary>
    /// Returns the names of the cases of a kind, the folders in <c>../cases/KIND</c> relative to the data. If there are
    /// none, returns one empty name, since a theory needs a row.
    /// </summary>
    /// <param name="kind">For example <c>onnx</c>.</param>
    public static string[] Cases(string kind) => Root is not null && Directory.Exists(PathOf($"../cases/{kind}"))
        ? [.. Directory.GetDirectories(PathOf($"../cases/{kind}")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)]
        : [""];

    /// <summary>Returns the reason why a test that needs these files or folders cannot run; null if it can.</summary>
    internal static string? Missing(IEnumerable<string> names)
    {
        if (Root is null)
        {
            return $"outside data is not there (set {Variable} to its folder)";
        }

        string? missing = names.FirstOrDefault(name => !Path.Exists(Path.Combine(Root, name)));
        return missing is null ? null : $"outside data lacks {missing} (looked in {Root})";
    }

    private static string? FindRoot()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return Directory.Exists(named) ? named : null;
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Temper.slnx")))
            {
                string beside = Path.Combine(folder.FullName, "..", "shared", "data");
                return Directory.Exists(beside) ? beside : null;
            }
        }

        return null;
    }
}

/// <summary>A test that needs outside data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OutsideDataFactAttribute : FactAttribute
{
    /// <summary>Skips the test if something is missing.</summary>
    /// <param name="names">Required files or folders.</param>
    public OutsideDataFactAttribute(params string[] names) => Skip = OutsideData.Missing(names);
}

/// <summary>A test with data rows that needs outside data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OutsideDataTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips the test if something is missing.</summary>
    /// <param name="names">Required files or folders.</param>
    public OutsideDataTheoryAttribute(params string[] names) => Skip = OutsideData.Missing(names);
}
