using Temper.Networks;

namespace Temper.Parallelism.Simulation;

/// <summary>What a probe found.</summary>
/// <param name="StepSeconds">Predicted time of a training step on one rank, this machine.</param>
/// <param name="FlopsPerSecond">
/// Operations a second that this is, three multiply-adds a forward one: <see cref="Machine.FlopsPerSecond"/> for the
/// simulator.
/// </param>
public sealed record ProbeResult(double StepSeconds, double FlopsPerSecond);

/// <summary>
/// Predicts a training step on this machine from its pieces: each layer, with what follows it, is timed alone, forward
/// and backward, and the optimizer on weights of its own. The network itself never runs.
/// </summary>
/// <remarks>
/// Between two times the caches get what a step leaves in them: as many other bytes as the step's values have, then the
/// input of the piece. Pieces take turns, and a round of them is a step. Of the rounds the lower quartile counts:
/// others on the machine only make runs slower, but a step has not each of its pieces at its fastest. Ranks begin a
/// piece together, since those of one machine share caches, memory and often cores, and the slowest of a round counts,
/// as all wait for it.
/// </remarks>
public static class MachineProbe
{
    private const int WarmUp = 2, MinRounds = 3;

    /// <summary>Times the pieces of a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">Samples of a step.</param>
    /// <param name="limit">Time to spend, about.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the probe between two pieces.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not positive.</exception>
    /// <exception cref="OperationCanceledException">The probe was canceled.</exception>
    public static ProbeResult Run(
        Network network, int batch, TimeSpan limit, TimeProvider time, CancellationToken cancellation = default) =>
        Run(network, batch, limit, time, new ProbeStart(), cancellation);

    /// <summary>Times the pieces of a network on all ranks, which all call this.</summary>
    internal static ProbeResult Run(
        Network network, int batch, TimeSpan limit, TimeProvider time, ProbeStart start, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        NetworkCost cost = network.Cost(batch);
        var cache = new CacheFiller(sizeof(float) * (2 * cost.Activations + cost.Parameters));
        using var optimizer = new OptimizerWork(cost.Parameters, cache, start, time);
        List<(IProbeWork Work, double Count)> works = [.. NetworkPieces.Of(network)
            .Select(piece => ((IProbeWork)new PieceWork(piece, batch, cache, start, time), (double)piece.Count)),
            (optimizer, optimizer.Part)];
        var steps = new List<double>();
        long begun = time.GetTimestamp();
        for (int round = 0; start.All(round < WarmUp + MinRounds || time.GetElapsedTime(begun) < limit); round++)
        {
            double seconds = 0;
            foreach ((IProbeWork work, double count) in works)
            {
                cancellation.ThrowIfCancellationRequested();
                seconds += count * work.Seconds();
            }

            seconds = start.Slowest(seconds);
            if (round >= WarmUp)
            {
                steps.Add(seconds);
            }
        }

        double step = LowerQuartile(steps);
        return new ProbeResult(step, 6.0 * cost.Macs / step);
    }

    /// <summary>The time that a quarter of the times does not exceed; 0 where there are none.</summary>
    internal static double LowerQuartile(IReadOnlyCollection<double> seconds) =>
        seconds.Count == 0 ? 0 : seconds.Order().ElementAt(seconds.Count / 4);
}
