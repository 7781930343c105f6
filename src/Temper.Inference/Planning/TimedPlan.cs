using System.Diagnostics;
using Temper.Kernels;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// A plan that is timed on noise or on typical samples. The minimum time of each step counts, because other load on a
/// shared machine can only add time. It keeps its memory, so that several plans can run in turns.
/// </summary>
internal sealed class TimedPlan : IDisposable
{
    private readonly ExecutionPlan _plan;
    private readonly SessionMemory _memory = new();
    private readonly List<PinnedFloats> _rented = [];

    /// <summary>Reserves memory and runs the plan once to warm up.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="typical">Samples to run on, repeated to fill the batch; null: noise.</param>
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

    /// <summary>Minimum time of each step since the last <see cref="Forget"/>, in seconds.</summary>
    internal double[] Seconds { get; }

    /// <summary>Minimum time of a pass through all steps since the last <see cref="Forget"/>, in seconds.</summary>
    internal double Total { get; private set; }

    /// <summary>Runs the plan at least once, and repeatedly until the time has passed.</summary>
    internal void RunFor(TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            Pass();
        }
        while (Stopwatch.GetElapsedTime(start) < time);
    }

    /// <summary>Resets the times.</summary>
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

        // Steps hold only addresses, so the memory must stay reachable until the last step ends.
        GC.KeepAlive(this);
    }
}
