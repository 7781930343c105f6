using System.Diagnostics;
using Temper.Inference.Timing;

namespace Temper.Inference;

/// <summary>
/// Times plans in turns, round after round, so that a temporary disturbance of the machine affects all of them.
/// </summary>
internal static class PlanTurns
{
    /// <summary>Minimum number of rounds.</summary>
    private const int FewestRounds = 2;

    /// <summary>Time budget per plan, and upper limit of the total time.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(40),
        EnoughInAll = TimeSpan.FromMilliseconds(600);

    /// <summary>
    /// Running time of a plan per round; short, so that a disturbance affects only few of its rounds.
    /// </summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(5);

    /// <summary>Runs and reports the plans in rounds.</summary>
    /// <param name="plans">The plans. When a plan is reported, it holds the times of that round.</param>
    /// <param name="share">Fraction of the usual time; see <see cref="CompileOptions.TimingShare"/>.</param>
    /// <param name="report">Called with the plan and the round number.</param>
    internal static void Run(IReadOnlyList<TimedPlan> plans, double share, Action<TimedPlan, int> report)
    {
        TimeSpan enough = TieredJit.Extra
            + (share * TimeSpan.FromTicks(Math.Min(plans.Count * Enough.Ticks, EnoughInAll.Ticks)));
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
