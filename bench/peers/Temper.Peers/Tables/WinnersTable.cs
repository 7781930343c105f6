using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Cli.Native;
using Temper.Compression.Activations;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// Complete networks with winners-take-all at batch size 1, compared with the same networks without it in Temper and in
/// ONNX Runtime. Inputs are used in turn, so that different channels win in every call. Weights are random, because the
/// time does not depend on training.
/// </summary>
internal static class WinnersTable
{
    private const int Inputs = 13;

    private const double Bar = 1.5, MaxRanking = 0.03;

    private static readonly double[] Rates = [0.5, 0.3];

    /// <param name="arguments">
    /// Text in network names, seconds per row and library, threads, <c>explain</c> to print the time of each step.
    /// </param>
    public static int Run(string[] arguments)
    {
        string part = arguments.ElementAtOrDefault(0) ?? "";
        double seconds = double.Parse(arguments.ElementAtOrDefault(1) ?? "2", CultureInfo.InvariantCulture);
        int threads = int.Parse(arguments.ElementAtOrDefault(2) ?? "1", CultureInfo.InvariantCulture);
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable(
            "network, winners", "winners ms", "dense ms", "spins ms", "sleeps ms", "vs dense", "vs best", "bar", "",
            "ranking", "");
        foreach ((string name, Network network) in
            Networks().Where(row => row.Name.Contains(part, StringComparison.Ordinal)))
        {
            foreach (double rate in Rates)
            {
                (double[] times, double ranking) = Measure(
                    network, WithWinners(network, rate), seconds, threads,
                    arguments.ElementAtOrDefault(3) is "explain");
                double ratio = times[1] / times[0],
                    best = times.Skip(1).Where(time => !double.IsNaN(time)).Min() / times[0];
                table.Row([
                    $"{name}, {rate:P0}",
                    .. times.Select(time => (time * 1000).ToString("F4", CultureInfo.InvariantCulture)), Number(ratio),
                    Number(best), Number(Bar), best < Bar ? "SHORT" : "",
                    ranking.ToString("P1", CultureInfo.InvariantCulture), ranking > MaxRanking ? "SHORT" : ""]);
            }
        }

        return 0;
    }

    private static IEnumerable<(string Name, Network Network)> Networks()
    {
        yield return (
            "mlp-1024",
            Network.Build(
                new InputSpec { SampleShape = [1024] },
                x =>
                    x.Linear(1024).Relu().Linear(1024).Relu().Linear(1024).Relu()
                        .Linear(10)).Initialize(RandomStream.FromSeed(1)));
        foreach (string name in new[] { "lenet-300-100", "convnet-5", "vgg-16-bn" })
        {
            yield return (name, NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1)));
        }
    }

    private static Network WithWinners(Network network, double rate) =>
        WinnerPlacement.Of(network, channels: true).Aggregate(network, (net, index) => net.Insert(
        new Winners(Winners.CountOf(index.Unit == WinnerUnit.Channels ? rate : rate / 2, index.Competitors))
        {
            Unit = index.Unit,
        },
        index.After, index.Node));

    private static (double[] Times, double Ranking) Measure(
        Network dense, Network winners, double seconds, int threads, bool explains)
    {
        float[][] inputs =
        [
            .. Enumerable.Range(0, Inputs)
                .Select(i => Picture(dense.Inputs[0].SampleShape.Count, RandomStream.FromSeed(2).Split(i))),
        ];
        float[] y = new float[dense.Graph.ShapeOf(dense.Outputs[0].Value).Count];
        using CompiledNetwork compiled = CompiledNetwork.Compile(winners),
            compiledDense = CompiledNetwork.Compile(dense);
        using InferenceSession session = compiled.CreateSession(), denseSession = compiledDense.CreateSession();
        int call = 0;
        float[] Next() => inputs[call++ % Inputs];
        var contenders = new List<Contender>
        {
            new("winners", () => session.Run(Next(), y)), new("dense", () => denseSession.Run(Next(), y)),
        };
        using OnnxSession? spins = Peer(dense, threads, spins: true), sleeps = Peer(dense, threads, spins: false);
        foreach (OnnxSession peer in new[] { spins, sleeps }.OfType<OnnxSession>())
        {
            contenders.Add(new("peer", () =>
            {
                Next().CopyTo(peer.Input, 0);
                peer.Run();
            }));
        }

        double[] times = Rounds.Measure(contenders, seconds);
        if (explains)
        {
            Console.WriteLine(compiled.Explain(1, TimeSpan.FromSeconds(seconds)));
            Console.WriteLine(compiledDense.Explain(1, TimeSpan.FromSeconds(seconds)));
        }

        return ([.. times, .. Enumerable.Repeat(double.NaN, 4 - times.Length)], Ranking(winners, seconds) / times[0]);
    }

    /// <summary>
    /// Returns the seconds of scoring, ranking and listing the winners alone; in the network, they are part of the
    /// following steps.
    /// </summary>
    private static unsafe double Ranking(Network network, double seconds)
    {
        var memory = new List<PinnedFloats>();
        var contenders = new List<Contender>();
        foreach (Node node in network.Nodes.Where(node => node.Operator is Winners))
        {
            var winners = (Winners)node.Operator;
            Shape shape = network.Graph.ShapeOf(node.Inputs[0]);
            int n = shape.CountOf(1, shape.Rank), channels = winners.Unit == WinnerUnit.Channels ? shape[1] : 0;
            var rule = new WinnerRule(winners.Count, float.NaN, channels > 0, (ChannelSum)winners.Score);
            PinnedFloats x = new(n), list = new(2L * (n + ActiveChannels.Ahead));
            RandomStream.FromSeed(3).Fill(x.Span);
            memory.AddRange([x, list]);
            contenders.Add(new(node.Name, () => _ = channels > 0
                ? WinnerSelection.List(x.Pointer, n / channels, channels, rule, (int*)list.Pointer)
                : WinnerSelection.List(
                    x.Pointer, n, rule, (int*)list.Pointer, list.Pointer + n + ActiveChannels.Ahead)));
        }

        double ranking = Rounds.Measure(contenders, seconds / contenders.Count).Sum();
        GC.KeepAlive(memory);
        return ranking;
    }

    private static OnnxSession? Peer(Network network, int threads, bool spins) =>
        OnnxRuntime.IsInstalled ? new OnnxSession(network, 1, threads, spins) : null;

    private static float[] Picture(int count, RandomStream stream)
    {
        float[] values = new float[count];
        stream.Fill(values);
        return [.. values.Select(MathF.Abs)];
    }

    private static string Number(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}
