using System.Diagnostics;
using Temper.SnoopingSample;

namespace Temper.Snooping.Tests;

/// <summary>The sample in samples/Snooping, as a process.</summary>
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
        foreach (string line in (string[])["proxy: ", "clean play: ", "random sign noise of 0.1: ", "action imitator, FGSM of 0.1: "])
        {
            Assert.Contains(line, output, StringComparison.Ordinal);
        }
    }
}
