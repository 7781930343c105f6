using System.Buffers;
using Temper.Tensors;
using Temper.Tensors.Memory;

namespace Temper.Networks;

/// <summary>The steps of one pass through a graph, and after which step each value is needed no more.</summary>
/// <remarks>
/// Values between the nodes go back to the pool at their last use, and results belong to the caller. What a tape has recorded, and
/// what a recorded operation takes, belongs to that tape from then on: the gradient needs it.
/// </remarks>
internal sealed class ForwardPlan
{
    private readonly NetworkGraph _graph;
    private readonly PlanStep[] _steps;
    private readonly int _widest;

    internal ForwardPlan(NetworkGraph graph, IEnumerable<PlanStep> steps)
    {
        _graph = graph;
        _steps = [.. steps];
        _widest = _steps.Select(step => step.Width).DefaultIfEmpty(0).Max();
        var needed = new HashSet<int>(graph.OutputValues);
        for (int i = _steps.Length - 1; i >= 0; i--)
        {
            _steps[i].LastUses = [.. _steps[i].Inputs.Distinct().Where(needed.Add)];
        }
    }

    internal IReadOnlyList<PlanStep> Steps => _steps;

    internal Tensor[] Run(Network network, IReadOnlyList<Tensor> inputs, ForwardMode mode)
    {
        Tensor?[] values = ArrayPool<Tensor?>.Shared.Rent(_graph.ValueCount);
        Tensor[] room = ArrayPool<Tensor>.Shared.Rent(_widest);
        MemoryScope own = MemoryScope.Open();
        try
        {
            for (int i = 0; i < inputs.Count; i++)
            {
                values[i] = inputs[i];
            }

            var pass = new Pass(network, mode, own, MemoryScope.Current);
            foreach (PlanStep step in _steps)
            {
                RunStep(step, pass, values, room);
            }

            return Results(values, own);
        }
        finally
        {
            ArrayPool<Tensor?>.Shared.Return(values, clearArray: true);
            ArrayPool<Tensor>.Shared.Return(room, clearArray: true);
            own.Dispose();
        }
    }

    private void RunStep(PlanStep step, in Pass pass, Tensor?[] values, Tensor[] room)
    {
        bool isResult = Array.IndexOf(_graph.OutputValues, step.Output) >= 0;
        Tensor result;
        using (MemoryScope.Enter(isResult ? pass.Caller : pass.Own, backward: !isResult))
        {
            result = step.Run(new StepContext(pass.Network, pass.Mode, values, room));
        }

        values[step.Output] = result;

        // A flattened value shares its memory with the one before, so memory is counted, not values.
        if (result.Storage.Owner == pass.Own)
        {
            result.Storage.Retain();
        }

        foreach (int used in step.LastUses)
        {
            if (values[used] is { } value && value.Storage.Owner == pass.Own)
            {
                value.Storage.Release();
            }

            values[used] = null;
        }
    }

    /// <summary>The output values; one that shares memory with an intermediate is copied, since that memory goes back.</summary>
    private Tensor[] Results(Tensor?[] values, MemoryScope closing)
    {
        var results = new Tensor[_graph.OutputValues.Length];
        for (int i = 0; i < results.Length; i++)
        {
            Tensor value = values[_graph.OutputValues[i]]!;
            results[i] = value.Storage.Owner == closing ? value.Copy() : value;
        }

        return results;
    }

    /// <summary>What all steps of one pass share.</summary>
    private readonly record struct Pass(Network Network, ForwardMode Mode, MemoryScope Own, MemoryScope? Caller);
}
