using Temper.Parallelism.Collectives;
using Temper.Parallelism.Simulation;

namespace Temper.Parallelism.Execution;

/// <summary>Measures how fast ranks exchange numbers. Called by all of them.</summary>
/// <param name="world">All ranks.</param>
/// <param name="time">The clock.</param>
internal sealed class LinkProbe(Communicator world, TimeProvider time)
{
    internal const int Small = 1 << 10, Large = 1 << 20;

    /// <summary>
    /// Links between all ranks, as sums of gradients of 4 KB and of 4 MB find them: a time for each exchange, and a
    /// rate. A sum is what training does with a bucket: gradients are copied into it, the communication thread adds it
    /// up over the ranks, and sums are copied back, while the caches hold other data. Of many the lower quartile
    /// counts.
    /// </summary>
    /// <param name="otherBytes">Other data of a step.</param>
    internal Topology Links(long otherBytes = 0)
    {
        using var thread = new CommunicationThread(world);
        var cache = new CacheFiller(otherBytes);
        double latency = MachineProbe.LowerQuartile(Times(200, Sum(thread, new float[Small]), () => cache.Fill()));
        double large = MachineProbe.LowerQuartile(Times(60, Sum(thread, new float[Large]), () => cache.Fill()));
        double bytes = 2.0 * (world.Size - 1) / world.Size * Large * sizeof(float);

        // All ranks take what one has found, so that they plan alike.
        Span<double> found = [latency / world.Size, bytes / Math.Max(large - latency, 1e-9) / world.Size];
        world.AllReduce(found);
        (latency, double rate) = (found[0], found[1]);
        return Topology.Of("measured links", world.Size, [.. Enumerable.Range(0, world.Size).SelectMany(first =>
            Enumerable.Range(first + 1, world.Size - first - 1)
                .Select(second => new TopologyLink(first, second, rate, latency)))]);
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

    /// <summary>The median time of an all-reduce.</summary>
    /// <param name="length">Numbers.</param>
    /// <param name="times">Calls.</param>
    /// <param name="order">How terms are added.</param>
    internal double AllReduce(int length, int times, SumOrder order = SumOrder.Ranks)
    {
        float[] values = new float[length];
        return Seconds(times, () => world.AllReduce(values, order));
    }

    /// <summary>The median of single calls, after a few that are not counted.</summary>
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
