using System.Diagnostics;
using Temper.Kernels;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Runs a plan on noise and times its steps: the least time of each counts, since a shared machine only ever adds to it.</summary>
internal static class PlanTiming
{
    /// <summary>Passes that measure, after one that warms up.</summary>
    private const int FewestPasses = 2, MostPasses = 1000;

    /// <summary>Time after which a whole batch is timed no more.</summary>
    private static readonly TimeSpan EnoughForBatch = TimeSpan.FromMilliseconds(60);

    /// <summary>The least seconds of each step.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="batch">Samples.</param>
    /// <param name="enough">Time after which no new pass begins.</param>
    /// <param name="typical">Samples to run on, as often as the batch needs them; null: noise.</param>
    internal static double[] Measure(ExecutionPlan plan, int batch, TimeSpan enough, Tensor? typical = null)
    {
        using var memory = new SessionMemory();
        memory.Fit(plan, batch);
        var lent = new List<PinnedFloats>();
        foreach (int buffer in plan.Inputs.Concat(plan.Outputs).Where(buffer => plan.Buffers[buffer].Layout != ValueLayout.Tensor))
        {
            lent.Add(new PinnedFloats(plan.Buffers[buffer].Floats(batch)));
            Fill(lent[^1].Span, (ulong)buffer, typical);
            memory.Lend(buffer, lent[^1].Address);
        }

        foreach (int buffer in plan.Inputs.Where(buffer => plan.Buffers[buffer].Layout == ValueLayout.Tensor))
        {
            memory.Tensors[buffer] = SessionChecks.Zeros(plan.Buffers[buffer].Value, batch);
        }

        double[] seconds = new double[plan.Steps.Length];
        Array.Fill(seconds, double.MaxValue);
        Pass(memory, new double[seconds.Length]);
        long start = Stopwatch.GetTimestamp();
        for (int pass = 0; pass < FewestPasses || (pass < MostPasses && Stopwatch.GetElapsedTime(start) < enough); pass++)
        {
            Pass(memory, seconds);
        }

        // Steps hold addresses only: until the last one has ended, what they point into has to live.
        GC.KeepAlive(lent);
        GC.KeepAlive(memory);
        GC.KeepAlive(plan);
        return seconds;
    }

    /// <summary>The least seconds of a batch of floats, whole or in parts.</summary>
    internal static double Measure(BatchPlan plan, int batch, Tensor? typical)
    {
        ExecutionPlan steps = plan.Steps;
        PinnedFloats x = new(steps.Buffers[steps.Inputs[0]].Floats(batch)), y = new(steps.Buffers[steps.Outputs[0]].Floats(batch));
        Fill(x.Span, 0, typical);
        using var run = new BatchRun();
        run.Prepare(plan, batch, WorkerPool.Current.Threads);
        run.Lend(steps.Inputs[0], x.Address);
        run.Lend(steps.Outputs[0], y.Address);
        run.Run(default);
        double least = double.MaxValue;
        long start = Stopwatch.GetTimestamp();
        for (int pass = 0; pass < FewestPasses || (pass < MostPasses && Stopwatch.GetElapsedTime(start) < EnoughForBatch); pass++)
        {
            long before = Stopwatch.GetTimestamp();
            run.Run(default);
            least = Math.Min(least, Stopwatch.GetElapsedTime(before).TotalSeconds);
        }

        GC.KeepAlive(x);
        GC.KeepAlive(y);
        return least;
    }

    private static void Fill(Span<float> target, ulong seed, Tensor? typical)
    {
        if (typical is null)
        {
            RandomStream.FromSeed(seed).Fill(target);
            return;
        }

        ReadOnlySpan<float> samples = typical.AsSpan<float>();
        for (; target.Length > 0; target = target[Math.Min(samples.Length, target.Length)..])
        {
            samples[..Math.Min(samples.Length, target.Length)].CopyTo(target);
        }
    }

    private static void Pass(SessionMemory memory, double[] seconds)
    {
        memory.Begin();
        for (int i = 0; i < seconds.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            memory.Run(i);
            seconds[i] = Math.Min(seconds[i], Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }
}
