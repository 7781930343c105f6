using Temper.Networks;

namespace Temper.Parallelism.Simulation;

/// <summary>Result of a probe.</summary>
/// <param name="StepSeconds">Predicted time in seconds of a training step on one rank of this machine.</param>
/// <param name="FlopsPerSecond">
/// The corresponding floating-point operations per second, counting three multiply-accumulates for each one of the
/// forward pass; for <see cref="Machine.FlopsPerSecond"/>.
/// </param>
public sealed record MachineProbeResult(double StepSeconds, double FlopsPerSecond);

/// <summary>
/// Predicts the time of a training step on this machine from its pieces. Each layer is timed alone, with the operators
/// that follow it, forward and backward; the optimizer is timed on weights of its own. The whole network is never run.
/// </summary>
/// <remarks>
/// Before each timing, the caches are filled as a step would fill them: with as many other bytes as the step's values
/// have, then with the input of the piece. The pieces are timed in turn, and a round over all pieces is one step. The
/// result is the lower quartile of the rounds: other processes only make rounds slower, but in a real step not every
/// piece runs at its fastest. Ranks start a piece together, because those on one machine share caches, memory and often
/// cores. The slowest rank of a round counts, because all ranks wait for it.
/// </remarks>
public static class MachineProbe
{
    private const int WarmUp = 2, MinRounds = 3;

    /// <summary>Times the pieces of a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">Samples per step.</param>
    /// <param name="limit">Approximate time to spend.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Cancels the probe between two pieces.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not positive.</exception>
    /// <exception cref="OperationCanceledException">The probe was canceled.</exception>
    public static MachineProbeResult Run(
        Network network, int batch, TimeSpan limit, TimeProvider time, CancellationToken cancellation = default) =>
        Run(network, batch, limit, time, new ProbeStart(), cancellation);

    /// <summary>Times the pieces of a network on all ranks. Must be called by all ranks.</summary>
    internal static MachineProbeResult Run(
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
        return new MachineProbeResult(step, 6.0 * cost.Macs / step);
    }

    /// <summary>Returns the lower quartile; 0 if there are no times.</summary>
    internal static double LowerQuartile(IReadOnlyCollection<double> seconds) =>
        seconds.Count == 0 ? 0 : seconds.Order().ElementAt(seconds.Count / 4);
}
