using System.Diagnostics;
using Temper.ParallelismSample;

namespace Temper.Parallelism.Tests;

/// <summary>The sample in samples/Parallelism, as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        string program = typeof(Program).Assembly.Location, folder = Directory.CreateTempSubdirectory("temper-plan-sample").FullName;
        var start = new ProcessStartInfo("dotnet", [program, "--tiny"]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["TMPDIR"] = folder;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.Matches(@"level 2: [012]{5}", output);
        Assert.Contains("data:image/svg+xml", File.ReadAllText(Path.Combine(folder, "temper-plan.html")), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
