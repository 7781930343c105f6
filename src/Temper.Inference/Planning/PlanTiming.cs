using System.Diagnostics;
using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Times plans, one at a time.</summary>
internal static class PlanTiming
{
    /// <summary>Minimum and maximum number of timed passes, after one warm-up pass.</summary>
    private const int FewestPasses = 2, MaxPasses = 1000;

    /// <summary>Time after which no further pass of a whole batch is started.</summary>
    private static readonly TimeSpan EnoughForBatch = TimeSpan.FromMilliseconds(60);

    /// <summary>Returns the minimum time of each step, in seconds.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="enough">Time after which no further pass is started.</param>
    internal static double[] Measure(ExecutionPlan plan, int batch, TimeSpan enough)
    {
        using var timed = new TimedPlan(plan, batch);
        timed.RunFor(TimeSpan.Zero);
        timed.RunFor(enough);
        return timed.Seconds;
    }

    /// <summary>Returns the minimum time of a batch of floats, whole or in parts, in seconds.</summary>
    internal static double Measure(BatchPlan plan, int batch, Tensor? typical)
    {
        ExecutionPlan steps = plan.Steps;
        PinnedFloats x = new(steps.Buffers[steps.Inputs[0]].Floats(batch)),
            y = new(steps.Buffers[steps.Outputs[0]].Floats(batch));
        TimedPlan.Fill(x.Span, 0, typical);
        using var run = new BatchRun();
        run.Prepare(plan, batch, WorkerPool.Current.Threads);
        run.Rent(steps.Inputs[0], x.Address);
        run.Rent(steps.Outputs[0], y.Address);
        run.Run(default);
        double min = double.MaxValue;
        long start = Stopwatch.GetTimestamp();
        for (int pass = 0; pass < FewestPasses
            || (pass < MaxPasses && Stopwatch.GetElapsedTime(start) < EnoughForBatch); pass++)
        {
            long before = Stopwatch.GetTimestamp();
            run.Run(default);
            min = Math.Min(min, Stopwatch.GetElapsedTime(before).TotalSeconds);
        }

        GC.KeepAlive(x);
        GC.KeepAlive(y);
        return min;
    }
}
