using System.Diagnostics;
using System.Globalization;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// An attack of 1,000 steps whose batch shrinks at random steps. Measures garbage collections of generation 2 after
/// warm-up (target: none), and the peak of resident memory relative to its size after the first step (target: at most
/// 1.3).
/// </summary>
internal static class AttackLoopTable
{
    private const int WarmUp = 10;

    /// <param name="arguments">Network, batch size, number of steps; defaults: ResNet-20, 128 and 1,000.</param>
    public static int Run(string[] arguments)
    {
        string network = arguments.Length > 0 ? arguments[0] : "resnet-20";
        int batch = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 128;
        int steps = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 1000;
        var work = new AttackWork(network, batch);
        using var scope = new TensorScope();
        work.Step(scope);
        (double first, double max) = (Resident(), 0);
        int collections = 0;
        long allocated = 0;
        RandomCursor random = RandomStream.FromSeed(7).Cursor();
        var watch = Stopwatch.StartNew();
        for (int step = 1; step < steps; step++)
        {
            if (step == WarmUp)
            {
                (collections, allocated) = (GC.CollectionCount(2), GC.GetTotalAllocatedBytes(precise: true));
            }

            // With this probability, about one sample is left at the end: 2 samples finish at a time on average.
            if (work.Left > 1 && random.NextSingle() * steps < batch / 2.0)
            {
                work.Finish(Math.Min(1 + random.NextInt32(3), work.Left - 1), scope);
            }

            work.Step(scope);
            max = Math.Max(max, Resident());
        }

        double kibibytes = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / 1024.0 / (steps - WarmUp);
        Console.WriteLine(
            $"{network}, batch {batch} to {work.Left}, {steps} steps in {watch.Elapsed.TotalSeconds:F1} s: "
            + $"{GC.CollectionCount(2) - collections} gen-2 collections after {WarmUp} steps (bar 0), {kibibytes:F1} "
            + "KiB allocated per step");
        Console.WriteLine(
            $"resident memory: {first:F0} MiB after the first step, {max:F0} MiB at most, {max / first:F2}x (bar 1.3)");
        return 0;
    }

    private static double Resident() => Environment.WorkingSet / 1048576.0;
}
