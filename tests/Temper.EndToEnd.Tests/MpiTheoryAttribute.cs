using System.Diagnostics;

namespace Temper.EndToEnd.Tests;

/// <summary>
/// A test with mpirun whose rows specify the MPI implementation, <c>openmpi</c> or <c>mpich</c>; skipped, with the
/// reason, if neither is installed.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MpiTheoryAttribute : TheoryAttribute
{
    public MpiTheoryAttribute() => Skip = Mpi.WhyNot;
}

/// <summary>
/// A test with mpirun that chooses among the installed MPI implementations itself; skipped if there is none.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute() => Skip = Mpi.WhyNot;
}

/// <summary>Starts the tool on several ranks.</summary>
internal static class Mpi
{
    private static readonly string[] Known = ["openmpi", "mpich"];

    /// <summary>Installed MPI implementations.</summary>
    internal static IReadOnlyList<string> Engines { get; } = [.. Known.Where(engine => LauncherOf(engine) is not null)];

    /// <summary>Reason for skipping tests with mpirun; null: they run.</summary>
    internal static string? WhyNot => Engines.Count > 0
        ? null
        : "no mpirun.openmpi and no mpirun.mpich on this machine: apt-get install openmpi-bin";

    internal static Process Start(string engine, int ranks, Dictionary<string, string?> environment, params string[] arguments)
    {
        string[] launch = engine is "openmpi" ? ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", $"{ranks}"] : ["-n", $"{ranks}"];
        var start = new ProcessStartInfo(LauncherOf(engine)!, [.. launch, "dotnet", Path.Combine(AppContext.BaseDirectory, "Temper.Cli.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach ((string name, string? value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    internal static ToolResult Run(string engine, int ranks, params string[] arguments)
    {
        using Process process = Start(engine, ranks, [], arguments);
        return Tool.Finish(process);
    }

    private static string? LauncherOf(string engine) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, $"mpirun.{engine}")).FirstOrDefault(File.Exists);
}
