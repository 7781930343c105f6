using System.Buffers;
using Temper.Tensors;
using Temper.Tensors.Memory;

namespace Temper.Networks;

/// <summary>The steps of a forward pass through a graph, with the last use of each value.</summary>
/// <remarks>
/// Intermediate values are returned to the pool after their last use; results belong to the caller. Values recorded by
/// a tape, and the inputs of recorded operations, belong to the tape, because the backward pass needs them.
/// </remarks>
internal sealed class ForwardPlan
{
    private readonly NetworkGraph _graph;
    private readonly PlanStep[] _steps;
    private readonly int[] _taps;
    private readonly HashSet<int> _results;
    private readonly int _widest;

    internal ForwardPlan(NetworkGraph graph, IEnumerable<PlanStep> steps, ReadOnlySpan<string> taps)
    {
        _graph = graph;
        _taps = new int[taps.Length];
        for (int i = 0; i < taps.Length; i++)
        {
            _taps[i] = graph.NumberOf(taps[i]);
        }

        _results = [.. graph.OutputValues, .. _taps];
        _steps = [.. steps];
        _widest = _steps.Select(step => step.Width).DefaultIfEmpty(0).Max();
        var needed = new HashSet<int>(_results);
        for (int i = _steps.Length - 1; i >= 0; i--)
        {
            _steps[i].LastUses = [.. _steps[i].Inputs.Distinct().Where(needed.Add)];
        }
    }

    internal IReadOnlyList<PlanStep> Steps => _steps;

    internal Tensor[] Run(Network network, IReadOnlyList<Tensor> inputs, Pass pass)
    {
        Tensor?[] values = ArrayPool<Tensor?>.Shared.Rent(_graph.ValueCount);
        Tensor[] scratch = ArrayPool<Tensor>.Shared.Rent(_widest);
        MemoryScope own = MemoryScope.Open();
        try
        {
            for (int i = 0; i < inputs.Count; i++)
            {
                values[i] = inputs[i];
            }

            using OperationKernels.Usage kernels = OperationKernels.Use(pass.Kernels);
            var run = new RunState(network, pass, own, MemoryScope.Current);
            foreach (PlanStep step in _steps)
            {
                RunStep(step, run, values, scratch);
            }

            return Results(values, pass, own);
        }
        finally
        {
            ArrayPool<Tensor?>.Shared.Return(values, clearArray: true);
            ArrayPool<Tensor>.Shared.Return(scratch, clearArray: true);
            own.Dispose();
        }
    }

    private void RunStep(PlanStep step, in RunState run, Tensor?[] values, Tensor[] scratch)
    {
        bool isResult = _results.Contains(step.Output);
        Tensor result;
        using (MemoryScope.Enter(isResult ? run.Caller : run.Own, backward: !isResult))
        {
            result = step.Run(new StepContext(run.Network, run.Pass, values, scratch));
        }

        values[step.Output] = result;

        // A flattened value shares memory with its source, so references are counted per memory block, not per value.
        if (result.Storage.Owner == run.Own)
        {
            result.Storage.Retain();
        }

        foreach (int used in step.LastUses)
        {
            if (values[used] is { } value && value.Storage.Owner == run.Own)
            {
                value.Storage.Release();
            }

            values[used] = null;
        }
    }

    /// <summary>Returns the output values and stores the tapped values in the pass.</summary>
    private Tensor[] Results(Tensor?[] values, Pass pass, MemoryScope closing)
    {
        var results = new Tensor[_graph.OutputValues.Length];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = Result(values[_graph.OutputValues[i]]!, closing);
        }

        for (int i = 0; i < _taps.Length; i++)
        {
            pass.SetTapped(i, Result(values[_taps[i]]!, closing));
        }

        return results;
    }

    /// <summary>
    /// Returns a value for the caller. A value that shares memory with an intermediate is copied, as that memory is
    /// released.
    /// </summary>
    private static Tensor Result(Tensor value, MemoryScope closing) =>
        value.Storage.Owner == closing ? value.Copy() : value;

    /// <summary>State shared by all steps of one pass.</summary>
    private readonly record struct RunState(Network Network, Pass Pass, MemoryScope Own, MemoryScope? Caller);
}
