using Temper.Testing;

namespace Temper.Compression.Tests;

/// <summary>
/// Runs the compression samples as processes, both at the same time: much of their time goes into measuring times.
/// </summary>
public sealed class SampleTests
{
    [Fact]
    public async Task Samples_run_in_their_tiny_form()
    {
        string[] outputs = await Task.WhenAll(
            Task.Run(() => SampleProcess.Output(typeof(CompressionSample.Program))),
            Task.Run(() => SampleProcess.Output(typeof(ActivationsSample.Program))));
        Assert.Matches("DeepHoyer: .* weights", outputs[0]);
        Assert.Matches("L1: .* weights", outputs[0]);
        foreach (string line in new[] { "JPnet", "JPnet, thresholds", "DASNet", "DASNet, 8 bit" })
        {
            Assert.Matches($"{line}: .* of the activations", outputs[1]);
        }
    }
}
