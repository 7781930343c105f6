using Temper.Inference.Timing;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Measures the times of several compiled networks in turns, so that a disturbance of the machine affects all of them.
/// </summary>
/// <remarks>
/// Compression and growth measure inference times with this method, so that their figures can be compared. A network
/// runs on the threads of the current worker pool. Its kernels are chosen by timing, before the measurement.
/// </remarks>
/// <example><code>
/// double milliseconds = NetworkTiming.Milliseconds([network], batch: 1)[0];
/// </code></example>
public static class NetworkTiming
{
    /// <summary>
    /// Returns the time per batch of each network in milliseconds: the 5th percentile of runs made in turns.
    /// </summary>
    /// <param name="networks">
    /// Networks; they are run on noise, because kernels that skip zeros are too fast on an empty input.
    /// </param>
    /// <param name="batch">Samples per batch, 1 or more; a network with a fixed batch size uses its own.</param>
    /// <param name="seconds">Approximate time to spend on each network, in seconds.</param>
    /// <param name="cancel">Cancels between turns.</param>
    /// <returns>One time per network, in their order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The batch is less than 1.</exception>
    /// <exception cref="OperationCanceledException">The measurement was canceled.</exception>
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

    /// <summary>
    /// Returns uniform noise in the dtype of an input: multiples of 1/255 from 0 to 1 for float32, 0 to 255 for others.
    /// </summary>
    internal static Tensor Noise(InputSpec input, int batch)
    {
        Shape shape = input.BatchShape(batch);
        float[] values = new float[shape.Count];
        RandomCursor random = RandomStream.FromSeed(1).Cursor();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.NextInt32(256) / 255f;
        }

        Tensor tensor = Tensor.From(values, shape);
        return input.DType == DType.Float32 ? tensor : tensor.Affine(255, 0).To(input.DType);
    }

    private static int Batch(Network network, int asked) =>
        network.Batch.Kind == BatchKind.Free ? asked : Math.Max(1, network.Batch.Size);
}
