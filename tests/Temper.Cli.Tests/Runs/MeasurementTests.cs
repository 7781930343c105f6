using Temper.Cli.Runs;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Cli.Tests.Runs;

/// <summary>The line about a measured network.</summary>
public sealed class MeasurementTests
{
    [Fact]
    public void The_frozen_layer_for_morphed_rows_is_named_beside_the_count()
    {
        using var folder = new TemporaryFolder();
        var first = new AugConv(2, (3, 3), (1, 4, 3), CoreSide: 3) { Options = Conv2dOptions.Of(padding: 1) };
        Network network = Network.Build(InputSpec.Image(1, 4, 3), x => x.Apply(first, "conv1").Flatten().Linear(2, bias: false)).Initialize(RandomStream.FromSeed(1));
        ModelFile.Save(network, folder["net.safetensors"]);
        Measurement measured = Measurement.Of(
            "result", network, folder["net.safetensors"], test: null, (_, _) => throw new InvalidOperationException("there are no test samples"));
        Assert.Equal(
            $"result: 48 of 48 weights, without the {network.Parameters["conv1.matrix"].Value.Count} of the frozen Aug-Conv layer", measured.Summary);
    }
}
