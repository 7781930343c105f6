using Temper.Compression.Calibration;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Compression.Tests.Calibration;

/// <summary>
/// Scaled outputs of a layer are normalized to the same values as before; a layer's constant outputs to their mean.
/// </summary>
public sealed class NormalizationShiftTests
{
    [Fact]
    public void Scaling_a_layer_does_not_change_the_normalized_outputs()
    {
        Network network = Network.Build(InputSpec.Features(6), x => x.Linear(2, name: "fc").BatchNorm("bn"))
            .Initialize(RandomStream.FromSeed(1));

        // Running statistics that differ from those of the samples, as after training on augmented images.
        network = network.WithBuffers(
        [
            KeyValuePair.Create(network.Nodes[1].Buffers[0], Tensor.From([0.3f, -0.2f], [2])),
            KeyValuePair.Create(network.Nodes[1].Buffers[1], Tensor.From([0.5f, 0.8f], [2])),
        ]);
        Tensor x = Tensor.From(
            [.. Enumerable.Range(0, 120).Select(i => MathF.Sin(i * 1.7f) + (0.1f * (i % 6)))], [20, 6]);
        Pass pass = Pass.Evaluation.Tap("fc");
        float[] wanted = network.Forward(x, pass).ToArray<float>();
        Parameter weight = network.Parameters["fc.weight"];

        // Channel 0 is scaled by 0.1, channel 1 loses all weights.
        Network changed = network.WithParameters([weight with
        {
            Value = Tensor.From(
                [.. weight.Value.ToArray<float>().Select((value, i) => i < 6 ? 0.1f * value : 0)], weight.Value.Shape),
        }]);
        float[] found = NormalizationShift.After(changed, network.Nodes[0], pass["fc"], x).Forward(x).ToArray<float>();
        double mean = wanted.Where((_, i) => i % 2 == 1).Average();
        for (int i = 0; i < wanted.Length; i++)
        {
            // The small constant in the divisor of the normalization changes values by up to 0.1 %.
            Assert.Equal(i % 2 == 0 ? wanted[i] : mean, found[i], 0.002 * Math.Max(1, Math.Abs(wanted[i])));
        }
    }
}
