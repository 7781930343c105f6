using Temper.Parallelism.Collectives;
using Temper.Parallelism.Simulation;

namespace Temper.Parallelism.Execution;

/// <summary>Measures latency and bandwidth between ranks. Must be called by all ranks.</summary>
/// <param name="world">All ranks.</param>
/// <param name="time">The clock.</param>
internal sealed class LinkProbe(Communicator world, TimeProvider time)
{
    internal const int Small = 1 << 10, Large = 1 << 20;

    /// <summary>
    /// Returns a topology with a link between each pair of ranks, whose latency and rate come from all-reduces of 4 KB
    /// and 4 MB. Each all-reduce is timed as in training: gradients are copied into a bucket, the communication thread
    /// sums it over the ranks, and the sums are copied back, while the caches hold other data. The lower quartile of
    /// the times is used.
    /// </summary>
    /// <param name="otherBytes">Bytes of other data in a training step, with which the caches are filled.</param>
    internal Topology Links(long otherBytes = 0)
    {
        using var thread = new CommunicationThread(world);
        var cache = new CacheFiller(otherBytes);
        double latency = MachineProbe.LowerQuartile(Times(200, Sum(thread, new float[Small]), () => cache.Fill()));
        double large = MachineProbe.LowerQuartile(Times(60, Sum(thread, new float[Large]), () => cache.Fill()));
        double bytes = 2.0 * (world.Size - 1) / world.Size * Large * sizeof(float);

        // All ranks use the mean over the ranks, so that they compute the same plan.
        Span<double> found = [latency / world.Size, bytes / Math.Max(large - latency, 1e-9) / world.Size];
        world.AllReduce(found);
        (latency, double rate) = (found[0], found[1]);
        return Topology.Of("measured links", world.Size,
        [
            .. Enumerable.Range(0, world.Size).SelectMany(first =>
                Enumerable.Range(first + 1, world.Size - first - 1)
                    .Select(second => new TopologyLink(first, second, rate, latency))),
        ]);
    }

    private static Action Sum(CommunicationThread thread, float[] gradients)
    {
        float[] bucket = GC.AllocateUninitializedArray<float>(gradients.Length, pinned: true);
        return () =>
        {
            gradients.CopyTo(bucket, 0);
            thread.Begin(group => group.AllReduce(bucket)).Wait();
            bucket.CopyTo(gradients, 0);
        };
    }

    /// <summary>Returns the median time of an all-reduce in seconds.</summary>
    /// <param name="length">Number of elements.</param>
    /// <param name="times">Number of timed calls.</param>
    /// <param name="order">Order of the additions.</param>
    internal double AllReduce(int length, int times, SumOrder order = SumOrder.Ranks)
    {
        float[] values = new float[length];
        return Seconds(times, () => world.AllReduce(values, order));
    }

    /// <summary>Returns the median time of single calls in seconds, after three warm-up calls.</summary>
    internal double Seconds(int times, Action call) => Times(times, call)[times / 2];

    private double[] Times(int times, Action call, Action? prepare = null)
    {
        double[] seconds = new double[times];
        for (int i = -3; i < times; i++)
        {
            prepare?.Invoke();
            world.Barrier();
            long start = time.GetTimestamp();
            call();
            seconds[Math.Max(i, 0)] = time.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        return seconds;
    }
}
