using System.Diagnostics;
using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;

namespace Temper.Peers.Tables;

/// <summary>
/// Quality of kernel selection on a busy machine: a network is compiled repeatedly while another process spins for 5 of
/// every 10 ms; then all plans are timed undisturbed, in turns. Target: the slowest plan takes at most 1.15 times as
/// long as the fastest. Times of plans with the same kernels differ too, depending on the addresses of their weights;
/// the column "same kernels" is the largest ratio among them.
/// </summary>
internal static class PlansTable
{
    private const double Bar = 1.15;

    private const string Spin = "spin";

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10), Busy = TimeSpan.FromMilliseconds(5);

    /// <param name="arguments">Network, number of compilations, seconds per plan, threads.</param>
    public static int Run(string[] arguments)
    {
        if (arguments is [Spin])
        {
            SpinForEver();
        }

        string[] names = arguments.Length > 0 ? [arguments[0]] : ["vgg-16-bn", "resnet-20", "convnet-small"];
        int count = int.Parse(arguments.ElementAtOrDefault(1) ?? "10", CultureInfo.InvariantCulture);
        double seconds = double.Parse(arguments.ElementAtOrDefault(2) ?? "2", CultureInfo.InvariantCulture);
        using var pool = new WorkerPool(
            int.Parse(arguments.ElementAtOrDefault(3) ?? "2", CultureInfo.InvariantCulture));
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable(
            "network, batch 1", "compile s", "plans", "fastest ms", "slowest ms", "ratio", "same kernels", "bar", "");
        foreach (string name in names)
        {
            Row(table, name, count, seconds);
        }

        return 0;
    }

    private static void Row(TextTable table, string name, int count, double seconds)
    {
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
        CompiledNetwork[] compiled = new CompiledNetwork[count];
        var clock = Stopwatch.StartNew();
        using (Process spinner = Process.Start(
            new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Temper.Peers.dll"), "plans", Spin])
            {
                RedirectStandardOutput = true, UseShellExecute = false,
            })!)
        {
            spinner.StandardOutput.ReadLine();
            clock.Restart();
            for (int i = 0; i < count; i++)
            {
                compiled[i] = CompiledNetwork.Compile(network);
            }

            clock.Stop();
            spinner.Kill();
            spinner.WaitForExit();
        }

        InferenceWork[] works =
            [.. compiled.Select(plan => new InferenceWork(plan, model: null, batch: 1, threads: 2))];
        double[] times = Rounds.Measure(
            [.. works.Select((work, i) => new Contender($"{i}", work.Contenders[0].Work))], seconds);
        double[][] plans =
        [
            .. compiled.Index().GroupBy(
                pair => Convert.ToHexString(pair.Item.ChosenKernels().ToJson()), pair => times[pair.Index],
                StringComparer.Ordinal).Select(plan => plan.ToArray()),
        ];
        double ratio = times.Max() / times.Min();
        table.Row(
            name, Text(clock.Elapsed.TotalSeconds / count, "F2"), $"{plans.Length}", Text(times.Min() * 1000, "F3"),
            Text(times.Max() * 1000, "F3"), Text(ratio, "F2"),
            Text(plans.Max(plan => plan.Max() / plan.Min()), "F2"),
            Text(Bar, "F2"), ratio > Bar ? "SHORT" : "");
        if (ratio > Bar)
        {
            Explain(compiled, times);
        }

        Array.ForEach(works, work => work.Dispose());
        Array.ForEach(compiled, plan => plan.Dispose());
    }

    /// <summary>
    /// Prints the time of each plan and its kernels for the layers whose kernels differ between plans.
    /// </summary>
    private static void Explain(CompiledNetwork[] compiled, double[] times)
    {
        IReadOnlyDictionary<string, string>[] kernels = [.. compiled.Select(plan => plan.ChosenKernels().Kernels[1])];
        string[] differing =
        [
            .. kernels[0].Keys.Where(
                layer => kernels.Any(plan => !string.Equals(plan[layer], kernels[0][layer], StringComparison.Ordinal))),
        ];
        foreach ((int i, IReadOnlyDictionary<string, string> plan) in
            kernels.Index().OrderBy(pair => times[pair.Index]))
        {
            Console.WriteLine(
                $"  {Text(times[i] * 1000, "F3")} ms: "
                + $"{string.Join(", ", differing.Select(layer => $"{layer} {plan[layer]}"))}");
        }
    }

    private static void SpinForEver()
    {
        Console.WriteLine("spins");
        for (var clock = Stopwatch.StartNew(); ; clock.Restart())
        {
            while (clock.Elapsed < Busy)
            {
                // Simulates the load of another process.
            }

            Thread.Sleep(Period - Busy);
        }
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
