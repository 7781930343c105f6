using Temper.Testing;

namespace Temper.Compression.Tests;

/// <summary>Runs the compression samples as processes.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Compression_runs_in_its_tiny_form()
    {
        string output = SampleProcess.Output(typeof(CompressionSample.Program));
        Assert.Matches("DeepHoyer: .* weights", output);
        Assert.Matches("L1: .* weights", output);
    }

    [Fact]
    public void Activations_run_in_their_tiny_form()
    {
        string output = SampleProcess.Output(typeof(ActivationsSample.Program));
        foreach (string line in new[] { "JPnet", "JPnet, thresholds", "DASNet", "DASNet, 8 bit" })
        {
            Assert.Matches($"{line}: .* of the activations", output);
        }
    }
}
