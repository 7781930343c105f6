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
/// input of the piece. Pieces take turns, and the fastest of each counts: others on the machine only make runs slower.
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
        Network network, int batch, TimeSpan limit, TimeProvider time, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        NetworkCost cost = network.Cost(batch);
        var cache = new CacheFiller(sizeof(float) * (2 * cost.Activations + cost.Parameters));
        using var optimizer = new OptimizerWork(cost.Parameters, cache, time);
        List<(IProbeWork Work, double Count)> works = [.. NetworkPieces.Of(network)
            .Select(piece => ((IProbeWork)new PieceWork(piece, batch, cache, time), (double)piece.Count)),
            (optimizer, optimizer.Part)];
        double[] fastest = [.. works.Select(_ => double.PositiveInfinity)];
        long start = time.GetTimestamp();
        for (int round = 0; round < WarmUp + MinRounds || time.GetElapsedTime(start) < limit; round++)
        {
            for (int i = 0; i < works.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                double seconds = works[i].Work.Seconds();
                fastest[i] = round < WarmUp ? fastest[i] : Math.Min(fastest[i], seconds);
            }
        }

        double step = works.Zip(fastest, (work, seconds) => work.Count * seconds).Sum();
        return new ProbeResult(step, 6.0 * cost.Macs / step);
    }
}
