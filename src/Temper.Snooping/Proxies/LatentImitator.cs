using Temper.Snooping.Logs;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Imitates the agent from observations alone: the object that the agent controls is found in the log, its moves are
/// taken for actions, and the proxy says which move comes next (our formulation; nothing is named for one game).
/// </summary>
public sealed record LatentImitator : RelatedTask<IStateLog>
{
    /// <summary>Moves that are rarer than this are left out.</summary>
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
            ?? throw Refused($"no object moves as if an agent steered it in {log.Count} steps of "
                + $"{log.Stream.FrameShape}; record more, or a stream of grids or pictures");
        (int, int)[] moves = [.. found.Moves.Where(move => move is not null).GroupBy(move => move!.Value)
            .Where(group => group.Count() >= FewestShare * log.Count).Select(group => group.Key).Order()];
        if (moves.Length < 2)
        {
            throw Refused($"the object in {found.Name} hardly moves in {log.Count} steps; record more");
        }

        long[] labels = [.. found.Moves.Select(move => move is { } known ? (long)Array.IndexOf(moves, known) : -1)];
        return new ProxyData
        {
            Log = log, Steps = [.. Enumerable.Range(0, log.Count).Where(step => labels[step] >= 0)], Labels = labels,
            Outputs = moves.Length,
            Classes = [.. moves.Select(move => $"{found.Name} {move.Item1:+0;-0;0},{move.Item2:+0;-0;0}")],
        };
    }
}
