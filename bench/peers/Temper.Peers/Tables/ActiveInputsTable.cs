using Temper.Cli.Benchmarks;
using Temper.Cli.Native;
using System.Globalization;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Peers.Native;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// Fully connected layers at batch size 1 whose inputs are partly zero, at different positions in every call. Compares
/// the compiled layer, which finds the nonzero inputs, with the same layer compiled with dense kernels and with ONNX
/// Runtime.
/// </summary>
internal static class ActiveInputsTable
{
    /// <summary>Number of inputs used in turn, so that caches do not adapt to one set of nonzero inputs.</summary>
    private const int Inputs = 61;

    private static readonly (int Width, double Sparsity, double Bar)[] Works =
        [(1024, 0.5, 1.7), (1024, 0.7, 2.8), (1024, 0.9, 7), (4096, 0.5, 0), (4096, 0.7, 2.2), (4096, 0.9, 8)];

    /// <param name="arguments">Seconds per row and library, threads.</param>
    public static int Run(string[] arguments)
    {
        double seconds = arguments.Length > 0 ? double.Parse(arguments[0], CultureInfo.InvariantCulture) : 2;
        int threads = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 2;
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable("width, zeros", "Temper us", "dense us", "spins us", "sleeps us", "speed", "bar", "");
        foreach ((int width, double sparsity, double bar) in Works)
        {
            double[] times = Measure(width, sparsity, seconds, threads);
            double ratio = times.Skip(1).Where(time => !double.IsNaN(time)).Min() / times[0];
            table.Row([
                $"{width}, {sparsity:P0}",
                .. times.Select(time => (time * 1e6).ToString("F1", CultureInfo.InvariantCulture)),
                ratio.ToString("F2", CultureInfo.InvariantCulture), bar.ToString("F1", CultureInfo.InvariantCulture),
                ratio < bar ? "SHORT" : ""]);
        }

        return 0;
    }

    private static double[] Measure(int width, double sparsity, double seconds, int threads)
    {
        Network network = Network.Build(new InputSpec { SampleShape = [width] }, x => x.Linear(width)).Initialize(
            RandomStream.FromSeed(1));
        float[][] inputs =
            [.. Enumerable.Range(0, Inputs).Select(i => Thinned(width, sparsity, RandomStream.FromSeed(3).Split(i)))];
        float[] y = GC.AllocateArray<float>(width, pinned: true);
        using OnnxSession? spins = Peer(network, threads, spins: true), sleeps = Peer(network, threads, spins: false);
        using CompiledNetwork compiled = CompiledNetwork.Compile(
            network, new CompileOptions { TypicalInput = Tensor.From(inputs[0], [1, width]) });
        using CompiledNetwork dense = CompiledNetwork.Compile(network, (_, candidates) => candidates[0]);
        using InferenceSession session = compiled.CreateSession(), denseSession = dense.CreateSession();
        int call = 0;
        float[] Next() => inputs[call++ % Inputs];
        var contenders = new List<Contender>
        {
            new("Temper", () => session.Run(Next(), y)), new("dense", () => denseSession.Run(Next(), y)),
        };
        foreach (OnnxSession peer in new[] { spins, sleeps }.OfType<OnnxSession>())
        {
            contenders.Add(new("peer", () => RunOther(peer, Next())));
        }

        double[] times = Rounds.Measure(contenders, seconds);
        return [.. times, .. Enumerable.Repeat(double.NaN, 4 - times.Length)];
    }

    private static OnnxSession? Peer(Network network, int threads, bool spins) =>
        OnnxRuntime.IsInstalled ? new OnnxSession(network, 1, threads, spins) : null;

    private static void RunOther(OnnxSession session, float[] input)
    {
        input.CopyTo(session.Input, 0);
        session.Run();
    }

    private static float[] Thinned(int width, double sparsity, RandomStream stream)
    {
        float[] values = new float[width], keys = new float[width];
        stream.Fill(values);
        stream.Split(1).Fill(keys);
        int[] zeros = [.. Enumerable.Range(0, width).OrderBy(i => keys[i]).Take((int)(sparsity * width))];
        Array.ForEach(zeros, i => values[i] = 0);
        return values;
    }
}
