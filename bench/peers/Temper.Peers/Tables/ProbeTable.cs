using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Parallelism.Simulation;
using Temper.Peers.Measuring;
using Temper.Peers.Native;

namespace Temper.Peers.Tables;

/// <summary>
/// Training step times predicted by the probe of <c>temper plan --probe</c>, compared with measured steps.
/// </summary>
internal static class ProbeTable
{
    private const double Bar = 0.2;

    /// <remarks>
    /// With one thread, both are CPU times of the thread, which other processes do not lengthen. With several threads,
    /// both are wall times, which are meaningful only on an idle machine.
    /// </remarks>
    /// <param name="arguments">Seconds per probe, batch size, threads.</param>
    public static int Run(string[] arguments)
    {
        double seconds = arguments.Length > 0 ? double.Parse(arguments[0], CultureInfo.InvariantCulture) : 10;
        int batch = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 64;
        using var pool = new WorkerPool(
            arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : Environment.ProcessorCount);
        using WorkerPool.Usage usage = pool.Use();
        bool isAlone = pool.Threads == 1;
        TimeProvider time = isAlone ? new ProcessorTime() : TimeProvider.System;
        var table = new TextTable("network", "predicted ms", "measured ms", "error", "");
        foreach (string name in new[] { "lenet-5", "resnet-20", "vgg-16-bn" })
        {
            double predicted =
                MachineProbe.Run(NetworkZoo.Create(name), batch, TimeSpan.FromSeconds(seconds), time).StepSeconds;
            using var work = new TrainingWork(name, batch);
            double measured = Rounds.Measure(
                [new Contender(name, work.Run)], seconds / 2, isAlone ? () => ThreadClock.Seconds : null)[0];
            double off = (predicted / measured) - 1;
            table.Row(
                name, Text(1e3 * predicted), Text(1e3 * measured), off.ToString("P1", CultureInfo.InvariantCulture),
                Math.Abs(off) > Bar ? "SHORT" : "");
        }

        return 0;
    }

    /// <summary>A clock that shows the CPU time of the calling thread.</summary>
    private sealed class ProcessorTime : TimeProvider
    {
        public override long TimestampFrequency => 1_000_000_000;

        public override long GetTimestamp() => (long)(ThreadClock.Seconds * TimestampFrequency);
    }

    private static string Text(double ms) => ms.ToString("F2", CultureInfo.InvariantCulture);
}
