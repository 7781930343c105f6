using System.Diagnostics;

namespace Temper.Inference;

/// <summary>
/// Times plans in turns, round after round, so that what disturbs the machine for a while meets all of them.
/// </summary>
internal static class PlanTurns
{
    /// <summary>Rounds that there are in any case, and time that is enough for one plan and for all.</summary>
    private const int FewestRounds = 2;
    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(40),
        EnoughInAll = TimeSpan.FromMilliseconds(600);

    /// <summary>How long a plan runs in one round: many rounds, so that a disturbance takes few of a plan's.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(5);

    /// <param name="plans">Plans; when one is reported it has the times of that round.</param>
    /// <param name="share">Fraction of the usual time; see <see cref="CompileOptions.TimingShare"/>.</param>
    /// <param name="report">Called for each plan and round.</param>
    internal static void Run(IReadOnlyList<TimedPlan> plans, double share, Action<TimedPlan, int> report)
    {
        TimeSpan enough = share * TimeSpan.FromTicks(Math.Min(plans.Count * Enough.Ticks, EnoughInAll.Ticks));
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < FewestRounds || Stopwatch.GetElapsedTime(start) < enough; round++)
        {
            foreach (TimedPlan plan in plans)
            {
                plan.Forget();
                plan.RunFor(share * Slice);
                report(plan, round);
            }
        }
    }
}
