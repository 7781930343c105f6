using Temper.Networks;
using Temper.Randomness;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;

namespace Temper.Snooping.Tests;

/// <summary>Proxies whose gradient signs are known, and attacks with them.</summary>
internal static class LinearProxies
{
    internal static readonly StreamInfo Pair = new(Shape.Create(2), 1, 0, 1, 2, "test");

    /// <summary>
    /// Linear proxy whose gradient signs are known: logits (x0 - 2 x1, 0), or the value x0 - 2 x1; the weights 1 and -2
    /// alternate for longer inputs.
    /// </summary>
    internal static Proxy Linear(StreamInfo stream, ProxyGoal goal = ProxyGoal.Classes)
    {
        int size = stream.StackShape.Count, outputs = goal == ProxyGoal.Value ? 1 : goal == ProxyGoal.ClassesAndValue ? 3 : 2;
        Network network = Network.Build(new InputSpec { SampleShape = stream.StackShape, Minimum = stream.Minimum, Maximum = stream.Maximum }, x => x.Linear(outputs, bias: false, name: "fc"))
            .Initialize(RandomStream.FromSeed(1));
        float[] weights = new float[outputs * size];
        for (int i = 0; i < size; i++)
        {
            weights[i] = i % 2 == 0 ? 1 : -2;
        }

        return new Proxy { Network = network.WithParameters([network.Parameters["fc.weight"] with { Value = Tensor.From(weights, [outputs, size]) }]), Task = "linear", Goal = goal, Stream = stream };
    }

    internal static float[] Attack(ObservationAttack attack, Proxy proxy, params float[] observation)
    {
        new ObservationAttacker(attack, [proxy], proxy.Stream, RandomStream.FromSeed(1)).Perturb(0, observation, isFirst: true);
        return observation;
    }

    internal static void Near(float[] expected, float[] actual)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-6f);
        }
    }
}
