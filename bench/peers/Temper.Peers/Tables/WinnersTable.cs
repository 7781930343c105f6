using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Cli.Native;
using Temper.Compression.Activations;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// Complete networks with winners-take-all at batch size 1, compared with the same networks without it: in Temper with
/// dense kernels, in Temper with kernels that skip the zeros of ReLU, and in ONNX Runtime. Inputs are used in turn, so
/// that different channels win in every call.
/// </summary>
internal static class WinnersTable
{
    private const int Inputs = 13;

    private const double Bar = 1.5, MaxRanking = 0.03;

    private static readonly double[] Rates = [0.5, 0.3];

    /// <param name="arguments">
    /// Text in network names, seconds per row and library, threads, <c>explain</c> to print the time of each step. Or
    /// two model files and a data set in place of the text: a trained network before and after winners-take-all,
    /// measured on held-out samples.
    /// </param>
    public static int Run(string[] arguments)
    {
        bool isTrained = arguments.Length >= 3 && File.Exists(arguments[0]);
        string[] rest = isTrained ? arguments[3..] : [.. arguments.Skip(1)];
        double seconds = double.Parse(rest.ElementAtOrDefault(0) ?? "2", CultureInfo.InvariantCulture);
        int threads = int.Parse(rest.ElementAtOrDefault(1) ?? "1", CultureInfo.InvariantCulture);
        bool explains = rest.ElementAtOrDefault(2) is "explain";
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable(
            "network, winners", "winners ms", "dense ms", "skips ms", "spins ms", "sleeps ms", "vs dense", "vs skips",
            "vs best", "bar", "", "ranking", "");
        foreach (Pair pair in isTrained ? [Trained(arguments)] : Untrained(arguments.ElementAtOrDefault(0) ?? ""))
        {
            (double[] times, double ranking) = Measure(pair, seconds, threads, explains);
            double best = times.Skip(1).Where(time => !double.IsNaN(time)).Min() / times[0];
            table.Row([
                pair.Name, .. times.Select(time => (time * 1000).ToString("F4", CultureInfo.InvariantCulture)),
                Number(times[1] / times[0]), Number(times[2] / times[0]), Number(best), Number(Bar),
                best < Bar ? "SHORT" : "", ranking.ToString("P1", CultureInfo.InvariantCulture),
                ranking > MaxRanking ? "SHORT" : ""]);
        }

        return 0;
    }

    /// <summary>Returns a trained network before and after winners-take-all, with held-out samples.</summary>
    private static Pair Trained(string[] arguments)
    {
        Dataset test = DataSource.Open(arguments[2]).Test;
        (Tensor typical, _) = test.Read(0, Inputs);
        float[] values = typical.ToArray<float>();
        int count = values.Length / Inputs;
        return new Pair(
            Path.GetFileName(arguments[1]), ModelFile.Load(arguments[0]), ModelFile.Load(arguments[1]),
            [.. Enumerable.Range(0, Inputs).Select(i => values[(i * count)..((i + 1) * count)])], typical);
    }

    /// <summary>Returns networks with random weights on noise, because their time does not depend on training.</summary>
    private static IEnumerable<Pair> Untrained(string part) =>
        from row in Networks()
        where row.Name.Contains(part, StringComparison.Ordinal)
        from rate in Rates
        select new Pair(
            string.Create(CultureInfo.InvariantCulture, $"{row.Name}, {rate:P0}"), row.Network,
            WithWinners(row.Network, rate),
            [
                .. Enumerable.Range(0, Inputs).Select(
                    i => Picture(row.Network.Inputs[0].SampleShape.Count, RandomStream.FromSeed(2).Split(i))),
            ],
            Typical: null);

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

    private static (double[] Times, double Ranking) Measure(Pair pair, double seconds, int threads, bool explains)
    {
        float[] y = new float[pair.Dense.Graph.ShapeOf(pair.Dense.Outputs[0].Value).Count];
        var options = new CompileOptions { TypicalInput = pair.Typical };
        using CompiledNetwork winners = CompiledNetwork.Compile(pair.Winners, options),
            dense = CompiledNetwork.Compile(pair.Dense, options with { ExpectedDensities = Dense(pair.Dense) }),
            skips = CompiledNetwork.Compile(pair.Dense, options);
        CompiledNetwork[] compiled = [winners, dense, skips];
        InferenceSession[] sessions = [.. compiled.Select(network => network.CreateSession())];
        int call = 0;
        float[] Next() => pair.Inputs[call++ % Inputs];
        var contenders =
            sessions.Select(session => new Contender("Temper", () => session.Run(Next(), y))).ToList();
        using OnnxSession? spins = Peer(pair.Dense, threads, spins: true),
            sleeps = Peer(pair.Dense, threads, spins: false);
        foreach (OnnxSession peer in new[] { spins, sleeps }.OfType<OnnxSession>())
        {
            contenders.Add(new("peer", () =>
            {
                Next().CopyTo(peer.Input, 0);
                peer.Run();
            }));
        }

        double[] times = Rounds.Measure(contenders, seconds);
        Array.ForEach(sessions, session => session.Dispose());
        foreach (CompiledNetwork network in explains ? compiled : [])
        {
            Console.WriteLine(network.Explain(1, TimeSpan.FromSeconds(seconds)));
        }

        return (
            [.. times, .. Enumerable.Repeat(double.NaN, 5 - times.Length)],
            Ranking(pair.Winners, seconds) / times[0]);
    }

    /// <summary>States that no value has zeros, so that no kernel that skips them is used.</summary>
    private static Dictionary<string, ValueDensity> Dense(Network network) =>
        network.Inputs.Select(input => input.Name).Concat(network.Nodes.Select(node => node.Name))
            .ToDictionary(name => name, _ => ValueDensity.Dense, StringComparer.Ordinal);

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

    /// <summary>A network without and with winners-take-all, and the inputs it is measured on.</summary>
    private sealed record Pair(string Name, Network Dense, Network Winners, float[][] Inputs, Tensor? Typical);
}
