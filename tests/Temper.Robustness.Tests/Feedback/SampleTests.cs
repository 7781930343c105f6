using System.Diagnostics;
using Temper.HardeningSample;

namespace Temper.Robustness.Tests.Feedback;

/// <summary>The sample in samples/Hardening, as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        string program = typeof(Program).Assembly.Location;
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [program, "--tiny"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.Matches(@"kept round \d: ", output);
    }
}
