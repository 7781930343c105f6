using System.Diagnostics;
using Temper.ReinforcementSample;

namespace Temper.Reinforcement.Tests;

/// <summary>The sample in samples/Reinforcement, as a process.</summary>
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
        Assert.Matches(@"mean return 0\.9\d in fresh episodes", output);
    }
}
