using System.Diagnostics;
using Temper.PrivacySample;

namespace Temper.Privacy.Tests;

/// <summary>The sample in samples/Privacy, as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        using var folder = new Temper.Testing.TemporaryFolder();
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, "--tiny"]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["TMPDIR"] = folder.Path;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("BROKEN: whoever gets this bundle", output, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(folder.Path, "audit.html", SearchOption.AllDirectories));
    }
}
