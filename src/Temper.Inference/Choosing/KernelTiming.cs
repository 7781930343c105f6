using System.Diagnostics;
using Temper.Kernels;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Finds the fastest kernel of each layer by running the network: pass after pass with other kernels, each layer timed at its place, so
/// that caches hold what they will hold later. The least time of a few passes counts, since a shared machine only ever adds to it.
/// </summary>
internal sealed class KernelTiming(LayerGraph graph, StepLibrary steps, int batch)
{
    /// <summary>Passes that measure, after one that warms up.</summary>
    private const int FewestPasses = 2, MostPasses = 30;

    /// <summary>Time that is enough for the passes of one choice.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(60);

    private readonly Dictionary<(string Layer, string Kernel), double> _seconds = [];

    /// <summary>Runs the network with each choice of kernels there is and gives the least seconds of each kernel at its place.</summary>
    internal IReadOnlyDictionary<(string Layer, string Kernel), double> Measure()
    {
        int most = 1;
        for (int turn = 0; turn < most; turn++)
        {
            ExecutionPlan plan = PlanBuilder.Build(graph, steps, batch, (_, candidates) =>
            {
                most = Math.Max(most, candidates.Count);
                return candidates[turn % candidates.Count];
            });
            Passes(plan);
        }

        return _seconds;
    }

    private void Passes(ExecutionPlan plan)
    {
        var memory = new SessionMemory();
        memory.Fit(plan, batch);
        var lent = new List<PinnedFloats>();
        foreach (int buffer in plan.Inputs.Concat(plan.Outputs).Where(buffer => plan.Buffers[buffer].Layout != ValueLayout.Tensor))
        {
            lent.Add(new PinnedFloats(plan.Buffers[buffer].Floats(batch)));
            RandomStream.FromSeed((ulong)buffer).Fill(lent[^1].Span);
            memory.Lend(buffer, lent[^1].Address);
        }

        foreach (int buffer in plan.Inputs.Where(buffer => plan.Buffers[buffer].Layout == ValueLayout.Tensor))
        {
            memory.Tensors[buffer] = SessionChecks.Zeros(plan.Buffers[buffer].Value, batch);
        }

        long start = Stopwatch.GetTimestamp();
        for (int pass = 0; pass < FewestPasses + 1 || (pass < MostPasses && Stopwatch.GetElapsedTime(start) < Enough); pass++)
        {
            Pass(plan, memory, isWarmUp: pass == 0);
        }

        GC.KeepAlive(lent);
    }

    private void Pass(ExecutionPlan plan, SessionMemory memory, bool isWarmUp)
    {
        foreach (PlannedStep step in plan.Steps)
        {
            long start = Stopwatch.GetTimestamp();
            step.Step.Run(new StepCall(step, batch, memory.Addresses, memory.Tensors));
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (!isWarmUp && step.Layer is { } layer)
            {
                (string, string) key = (layer.Name, step.Step.Kernel);
                _seconds[key] = Math.Min(seconds, _seconds.GetValueOrDefault(key, double.MaxValue));
            }
        }
    }
}
