using System.Globalization;
using Temper.Snooping.Logs;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Imitates the agent from observations alone. The object that the agent controls is located in the log, its moves are
/// treated as actions, and the proxy predicts the next move (our formulation; not specific to any game).
/// </summary>
public sealed record LatentImitator : RelatedTask<IStateLog>
{
    /// <summary>Moves rarer than this fraction of the steps are ignored.</summary>
    private const double FewestShare = 0.01;

    /// <inheritdoc/>
    public override string Name => "latent-imitator";

    /// <inheritdoc/>
    public override ThreatModel Needs => ThreatModel.S;

    /// <inheritdoc/>
    public override ProxyGoal Goal => ProxyGoal.Classes;

    private protected override ProxyData Data(IStateLog log)
    {
        ControlledObject found = ControlledObject.Find(log)
            ?? throw Refused(string.Create(CultureInfo.InvariantCulture,
                $"no object controlled by an agent was found in {log.Count} steps of {log.Stream.FrameShape}; record "
                + $"more steps, or use a stream of grids or images"));
        (int Rows, int Columns)[] moves = [.. found.Moves.Where(move => move is not null).GroupBy(move => move!.Value)
            .Where(group => group.Count() >= FewestShare * log.Count).Select(group => group.Key).Order()];
        if (moves.Length < 2)
        {
            throw Refused(string.Create(CultureInfo.InvariantCulture,
                $"the object in {found.Name} hardly moves in {log.Count} steps; record more"));
        }

        long[] labels = [.. found.Moves.Select(move => move is { } known ? (long)Array.IndexOf(moves, known) : -1)];
        return new ProxyData
        {
            Log = log, Steps = [.. Enumerable.Range(0, log.Count).Where(step => labels[step] >= 0)], Labels = labels,
            Outputs = moves.Length,
            Classes = [.. moves.Select(move => string.Create(
                CultureInfo.InvariantCulture, $"{found.Name} {move.Rows:+0;-0;0},{move.Columns:+0;-0;0}"))],
        };
    }
}
