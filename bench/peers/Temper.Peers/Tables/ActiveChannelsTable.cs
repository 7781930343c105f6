using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// 3x3 convolutions at batch size 1 in which some input channels are zero, different ones in every call. Compares
/// finding and skipping these channels with the fastest dense kernel, which may be Winograd's, and with the direct
/// dense kernel.
/// </summary>
internal static class ActiveChannelsTable
{
    /// <summary>Number of inputs used in turn, so that caches do not adapt to one set of active channels.</summary>
    private const int Inputs = 7;

    private static readonly (int Channels, int Size)[] Layers = [(64, 32), (128, 16), (256, 8), (512, 4)];

    private static readonly (double Kept, double Bar)[] Shares = [(0.5, 1.4), (0.3, 2.2)];

    /// <param name="arguments">
    /// Seconds per row and kernel, threads, number of channels to measure only one layer.
    /// </param>
    public static int Run(string[] arguments)
    {
        double seconds = arguments.Length > 0 ? double.Parse(arguments[0], CultureInfo.InvariantCulture) : 2;
        int threads = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 1;
        int wanted = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 0;
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable(
            "channels, size, active", "active us", "dense us", "direct us", "kernels", "speed", "bar", "", "vs direct");
        foreach ((int channels, int size) in Layers.Where(layer => wanted == 0 || layer.Channels == wanted))
        {
            foreach ((double kept, double bar) in Shares)
            {
                (double Seconds, string Kernel)[] times = Measure(channels, size, kept, seconds);
                (double Seconds, string Kernel) active = times.Where((_, i) => i % 2 == 0).Min(),
                    dense = times.Where((_, i) => i % 2 == 1).Min(), direct = times[1];
                double ratio = dense.Seconds / active.Seconds;
                table.Row(
                    $"{channels}, {size}x{size}, {kept:P0}", Us(active.Seconds), Us(dense.Seconds), Us(direct.Seconds),
                    $"{active.Kernel} / {dense.Kernel}",
                    ratio.ToString("F2", CultureInfo.InvariantCulture),
                    bar.ToString("F1", CultureInfo.InvariantCulture), ratio < bar ? "SHORT" : "",
                    (direct.Seconds / active.Seconds).ToString("F2", CultureInfo.InvariantCulture));
            }
        }

        return 0;
    }

    /// <summary>
    /// Returns the times with active channels only and with all channels, of the direct method, then of Winograd's.
    /// </summary>
    private static (double Seconds, string Kernel)[] Measure(int channels, int size, double kept, double seconds)
    {
        ConvolutionGeometry g = Conv2dShapes.Geometry(
            [1, channels, size, size], [channels, channels, 3, 3], Conv2dOptions.Of(1, padding: 1));
        float[] weights = new float[g.WeightCount];
        RandomStream.FromSeed(1).Fill(weights);
        PinnedFloats[] inputs =
            [.. Enumerable.Range(0, Inputs).Select(i => Thinned(g, kept, RandomStream.FromSeed(2).Split(i)))];
        var y = new PinnedFloats(g.OutCount);
        int call = 0;
        var contenders = new List<Contender>();
        foreach (ConvolutionMethod method in
            Enum.GetValues<ConvolutionMethod>().Where(method => PackedConvolution.FitsActiveChannels(g, method)))
        {
            var convolution = new PackedConvolution(g, weights, method);
            contenders.Add(
                new(
                    $"{method}",
                    () =>
                        convolution.RunActiveChannels(
                            1, inputs[call++ % Inputs].Address, y.Address, new LayerTail { Relu = true })));
            contenders.Add(
                new(
                    $"{method}",
                    () =>
                        convolution.Run(1, inputs[call++ % Inputs].Address, y.Address, new LayerTail { Relu = true })));
        }

        (double, string)[] times = [.. Rounds.Measure(contenders, seconds).Zip(contenders.Select(c => c.Name))];
        GC.KeepAlive(inputs);
        return times;
    }

    private static PinnedFloats Thinned(in ConvolutionGeometry g, double kept, RandomStream stream)
    {
        var values = new PinnedFloats(g.InCount);
        stream.Fill(values.Span);
        float[] keys = new float[g.InChannels];
        stream.Split("winners").Fill(keys);
        foreach (int loser in
            Enumerable.Range(0, g.InChannels).OrderBy(c => keys[c]).Take((int)((1 - kept) * g.InChannels)))
        {
            for (int i = loser; i < values.Count; i += g.InChannels)
            {
                values.Span[i] = 0;
            }
        }

        return values;
    }

    private static string Us(double seconds) => (seconds * 1e6).ToString("F1", CultureInfo.InvariantCulture);
}
