using System.Collections.Concurrent;

namespace Temper.Networks;

/// <summary>The plans of a graph, one per mode and set of taps, created on first use.</summary>
internal sealed class ForwardPlans(NetworkGraph graph)
{
    private ForwardPlan? _nodeByNode;
    private ForwardPlan? _evaluation;
    private ForwardPlan? _training;
    private readonly ConcurrentDictionary<(bool IsTraining, string Taps), ForwardPlan> _tapped = new();

    /// <summary>A plan without fusion, one step per node: the reference for the other plans.</summary>
    internal ForwardPlan NodeByNode => _nodeByNode ??= new ForwardPlan(graph, PlanMaker.EachNode(graph), []);

    internal ForwardPlan For(Pass pass) => !pass.Taps.IsEmpty ? Tapped(pass)
        : pass.IsTraining ? _training ??= Make(isTraining: true, [])
        : _evaluation ??= Make(isTraining: false, []);

    private ForwardPlan Tapped(Pass pass) =>
        _tapped.TryGetValue((pass.IsTraining, pass.PlanKey), out ForwardPlan? known) ? known : MakeTapped(pass);

    private ForwardPlan MakeTapped(Pass pass)
    {
        foreach (string tap in pass.Taps)
        {
            if (graph.NumberOf(tap) < 0)
            {
                throw new KeyNotFoundException(
                    $"Pass.Tap: unknown value (got '{tap}', expected an input or node); the names are "
                    + Names.Sample(
                        graph.Inputs.Select(input => input.Name).Concat(graph.Nodes.Select(node => node.Name))));
            }
        }

        return _tapped.GetOrAdd((pass.IsTraining, pass.PlanKey), Make(pass.IsTraining, pass.Taps));
    }

    private ForwardPlan Make(bool isTraining, ReadOnlySpan<string> taps) =>
        new(graph, new PlanMaker(graph, isTraining, taps).Steps(), taps);
}
