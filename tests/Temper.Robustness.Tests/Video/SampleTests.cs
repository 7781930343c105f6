using System.Diagnostics;
using Temper.VideoSample;

namespace Temper.Robustness.Tests.Video;

/// <summary>The sample in samples/Video, as a process.</summary>
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
        Assert.Contains("flow of 3 clips", output);
        Assert.Matches(@"sparse +8/255: ", output);
    }
}
