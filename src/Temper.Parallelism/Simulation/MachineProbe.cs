using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Simulation;

/// <summary>What a probe found.</summary>
/// <param name="StepSeconds">Predicted time of a training step on one rank, this machine.</param>
/// <param name="FlopsPerSecond">Operations a second that this is, three multiply-adds a forward one: <see cref="Machine.FlopsPerSecond"/> for the simulator.</param>
public sealed record ProbeResult(double StepSeconds, double FlopsPerSecond);

/// <summary>
/// Predicts a training step on this machine from its pieces: each layer, with what follows it, is timed alone, forward and backward, and the
/// optimizer on weights of its own. The network itself never runs.
/// </summary>
public static class MachineProbe
{
    private const int MinRepeats = 3, OptimizerSide = 1024;

    /// <summary>Times the pieces of a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">Samples of a step.</param>
    /// <param name="limit">Time to spend, about.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not positive.</exception>
    public static ProbeResult Run(Network network, int batch, TimeSpan limit, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        IReadOnlyList<NetworkPiece> pieces = NetworkPieces.Of(network);
        TimeSpan share = limit / (pieces.Count + 1);
        double seconds = pieces.Sum(piece => piece.Count * Seconds(piece, batch, share, time));
        seconds += network.Parameters.Sum(parameter => (double)parameter.Value.Count) * OptimizerSeconds(share, time);
        return new ProbeResult(seconds, 6.0 * network.Cost(batch).Macs / seconds);
    }

    private static double Seconds(NetworkPiece piece, int batch, TimeSpan share, TimeProvider time)
    {
        RandomStream stream = RandomStream.FromSeed(1);
        Network network = piece.Network.Initialize(stream.Split("weights"));
        Tensor[] inputs = [.. network.Inputs.Select((input, i) => Activation(Noise(input.BatchShape(batch), stream.Split(input.Name)), piece.HasInputError[i]))];
        Tensor result = network.Forward(inputs, Pass.Evaluation)[0];
        Tensor cotangent = Noise(result.Shape, stream.Split("error")).InLayoutOf(result);
        Tensor[] sources = [.. network.ParameterValues, .. inputs.Where((_, i) => piece.HasInputError[i])];
        return Fastest(share, time, () =>
        {
            using var tape = new GradientTape();
            foreach (Tensor source in sources)
            {
                tape.Watch(source);
            }

            Tensor output = network.Forward(inputs, Pass.Training(stream))[0];
            if (sources.Length > 0)
            {
                tape.Gradient([(output, cotangent)], sources);
            }
        });
    }

    /// <summary>Values between layers lie in memory as the layers leave them: images channels-last.</summary>
    private static Tensor Activation(Tensor noise, bool isBetweenLayers) =>
        isBetweenLayers && noise.Rank == 4 ? noise.InLayout(Layout.ChannelsLast) : noise;

    /// <summary>Time of a step of SGD with momentum for one weight.</summary>
    private static double OptimizerSeconds(TimeSpan share, TimeProvider time)
    {
        Network network = Network.Build(new InputSpec { SampleShape = [OptimizerSide] }, x => x.Linear(OptimizerSide, bias: false)).Initialize(RandomStream.FromSeed(1));
        using var learner = new Learner(network, new LearnerOptions { Optimizer = new Sgd { LearningRate = 1e-3f, Momentum = 0.9f } });
        Tensor x = Noise([1, OptimizerSide], RandomStream.FromSeed(2));
        using Gradients gradients = learner.Gradients((net, pass) => net.Forward(x, pass).Mean());
        return Fastest(share, time, () => learner.Apply(gradients)) / (OptimizerSide * OptimizerSide);
    }

    /// <summary>The fastest of some runs after two that warm up: others on the machine only make runs slower.</summary>
    private static double Fastest(TimeSpan share, TimeProvider time, Action work)
    {
        work();
        work();
        double fastest = double.PositiveInfinity;
        long start = time.GetTimestamp();
        for (int i = 0; i < MinRepeats || time.GetElapsedTime(start) < share; i++)
        {
            long begin = time.GetTimestamp();
            work();
            fastest = Math.Min(fastest, time.GetElapsedTime(begin).TotalSeconds);
        }

        return fastest;
    }

    private static Tensor Noise(Shape shape, RandomStream stream)
    {
        float[] numbers = new float[shape.Count];
        stream.Fill(numbers);
        return Tensor.From(numbers, shape);
    }
}
