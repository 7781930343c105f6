using System.Diagnostics;
using Temper.Kernels;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// A plan that is run on noise, or on typical samples, and timed: the least time of each step counts, since a shared
/// machine only ever adds to it. It keeps its memory, so that several plans can take turns.
/// </summary>
internal sealed class TimedPlan : IDisposable
{
    private readonly ExecutionPlan _plan;
    private readonly SessionMemory _memory = new();
    private readonly List<PinnedFloats> _rented = [];

    /// <summary>Makes room and runs the plan once, so that later passes are warm.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="batch">Samples.</param>
    /// <param name="typical">Samples to run on, as often as the batch needs them; null: noise.</param>
    internal TimedPlan(ExecutionPlan plan, int batch, Tensor? typical = null)
    {
        _plan = plan;
        _memory.Fit(plan, batch);
        foreach (int buffer in plan.Inputs.Concat(plan.Outputs).Where(
            buffer => plan.Buffers[buffer].Layout != ValueLayout.Tensor))
        {
            _rented.Add(new PinnedFloats(plan.Buffers[buffer].Floats(batch)));
            Fill(_rented[^1].Span, (ulong)buffer, typical);
            _memory.Rent(buffer, _rented[^1].Address);
        }

        foreach (int buffer in plan.Inputs.Where(buffer => plan.Buffers[buffer].Layout == ValueLayout.Tensor))
        {
            _memory.Tensors[buffer] = SessionChecks.Zeros(plan.Buffers[buffer].Value, batch);
        }

        Seconds = new double[plan.Steps.Length];
        Pass();
        Forget();
    }

    internal IReadOnlyList<PlannedStep> Steps => _plan.Steps;

    /// <summary>The least seconds of each step since they were last forgotten.</summary>
    internal double[] Seconds { get; }

    /// <summary>The least seconds of a pass through all steps since they were last forgotten.</summary>
    internal double Total { get; private set; }

    /// <summary>Runs it once, and again until some time is over.</summary>
    internal void RunFor(TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            Pass();
        }
        while (Stopwatch.GetElapsedTime(start) < time);
    }

    /// <summary>Forgets the times.</summary>
    internal void Forget()
    {
        Array.Fill(Seconds, double.MaxValue);
        Total = double.MaxValue;
    }

    public void Dispose() => _memory.Dispose();

    internal static void Fill(Span<float> target, ulong seed, Tensor? typical)
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

    private void Pass()
    {
        long first = Stopwatch.GetTimestamp();
        _memory.Begin();
        for (int i = 0; i < Seconds.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            _memory.Run(i);
            Seconds[i] = Math.Min(Seconds[i], Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        Total = Math.Min(Total, Stopwatch.GetElapsedTime(first).TotalSeconds);

        // Steps hold addresses only: until the last one has ended, what they point into has to live.
        GC.KeepAlive(this);
    }
}
