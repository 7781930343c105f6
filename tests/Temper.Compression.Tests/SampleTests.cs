using System.Diagnostics;

namespace Temper.Compression.Tests;

/// <summary>The samples of compression, as processes.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Compression_runs_in_its_tiny_form()
    {
        string output = Run(typeof(CompressionSample.Program).Assembly.Location);
        Assert.Matches("DeepHoyer: .* weights", output);
        Assert.Matches("L1: .* weights", output);
    }

    [Fact]
    public void Activations_run_in_their_tiny_form()
    {
        string output = Run(typeof(ActivationsSample.Program).Assembly.Location);
        foreach (string line in new[] { "JPnet", "JPnet, thresholds", "DASNet", "DASNet, 8 bit" })
        {
            Assert.Matches($"{line}: .* of the activations", output);
        }
    }

    private static string Run(string program)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [program, "--tiny"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
