using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>
/// Divides work among accelerators of unequal speed. Each group of a level has one share of whatever the level splits,
/// the same for all layers. The share of a rank is the product over its groups.
/// </summary>
internal static class LevelShares
{
    private const int Rounds = 400;

    /// <summary>Finds shares that minimize the time of the slowest rank.</summary>
    /// <returns>
    /// The shares of the groups of each level, and the time of the slowest rank in seconds for work that takes one rank
    /// of speed 1 a second.
    /// </returns>
    internal static (double[][] Shares, double Seconds) For(Hierarchy hierarchy, IReadOnlyList<double> speeds)
    {
        double[][] shares = [.. hierarchy.Groups.Select(groups => Enumerable.Repeat(1.0 / groups, groups).ToArray())],
            best = Copy(shares);
        double least = Slowest(hierarchy, shares, speeds);
        for (int round = 0; round < Rounds && speeds.Count > 0; round++)
        {
            double step = 0.5 / (1 + (round / 20.0));
            for (int level = 0; level < shares.Length; level++)
            {
                double[] loads = new double[shares[level].Length];
                for (int rank = 0; rank < hierarchy.Accelerators; rank++)
                {
                    int group = hierarchy.GroupOf(rank, level);
                    loads[group] = Math.Max(loads[group], Share(hierarchy, shares, rank) / speeds[rank]);
                }

                double[] changed = [.. shares[level].Select((share, group) => share / Math.Pow(loads[group], step))];
                double sum = changed.Sum();
                shares[level] = [.. changed.Select(share => share / sum)];
            }

            double seconds = Slowest(hierarchy, shares, speeds);
            if (seconds < least)
            {
                (least, best) = (seconds, Copy(shares));
            }
        }

        return (best, least);
    }

    private static double Slowest(Hierarchy hierarchy, double[][] shares, IReadOnlyList<double> speeds) =>
        Enumerable.Range(0, hierarchy.Accelerators)
        .Max(rank => Share(hierarchy, shares, rank) / (speeds.Count > 0 ? speeds[rank] : 1));

    private static double Share(Hierarchy hierarchy, double[][] shares, int rank)
    {
        double share = 1;
        for (int level = 0; level < shares.Length; level++)
        {
            share *= shares[level][hierarchy.GroupOf(rank, level)];
        }

        return share;
    }

    private static double[][] Copy(double[][] shares) => [.. shares.Select(level => level.ToArray())];
}
