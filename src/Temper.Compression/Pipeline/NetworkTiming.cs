using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Measures the times of several compiled networks in turns, so that a disturbance of the machine affects all of them.
/// </summary>
public static class NetworkTiming
{
    /// <summary>
    /// Returns the time per batch of each network in milliseconds: the 5th percentile of runs made in turns.
    /// </summary>
    /// <param name="networks">Networks; they are run on noise.</param>
    /// <param name="batch">Samples per batch; a network with a fixed batch size uses its own.</param>
    /// <param name="seconds">Approximate time to spend on each network, in seconds.</param>
    /// <param name="cancel">Cancels between turns.</param>
    public static IReadOnlyList<double> Milliseconds(
        IReadOnlyList<Network> networks, int batch, double seconds = 0.5, CancellationToken cancel = default)
    {
        var compiled = new List<CompiledNetwork>();
        var sessions = new List<InferenceSession>();
        try
        {
            var contenders = new List<Contender>();
            foreach (Network network in networks)
            {
                compiled.Add(
                    CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [Batch(network, batch)] }));
                InferenceSession session = compiled[^1].CreateSession();
                sessions.Add(session);
                Tensor[] inputs = [.. network.Inputs.Select(input => Noise(input, Batch(network, batch)))];
                contenders.Add(new Contender($"{contenders.Count}", () => session.Run(inputs)));
            }

            return [.. Rounds.Measure(contenders, seconds, cancellation: cancel).Select(time => time * 1000)];
        }
        finally
        {
            sessions.ForEach(session => session.Dispose());
            compiled.ForEach(network => network.Dispose());
        }
    }

    private static int Batch(Network network, int asked) =>
        network.Batch.Kind == BatchKind.Free ? asked : Math.Max(1, network.Batch.Size);

    private static Tensor Noise(InputSpec input, int batch)
    {
        Shape shape = input.IsBatched ? [batch, .. input.SampleShape.AsSpan()] : input.SampleShape;
        float[] values = new float[shape.Count];
        RandomCursor random = RandomStream.FromSeed(1).Cursor();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.NextInt32(256) / 255f;
        }

        Tensor tensor = Tensor.From(values, shape);
        return input.DType == DType.Float32 ? tensor : tensor.Affine(255, 0).To(input.DType);
    }
}
