namespace Temper.Networks;

/// <summary>The plans of a graph, made when first needed.</summary>
internal sealed class ForwardPlans(NetworkGraph graph)
{
    private ForwardPlan? _nodeByNode;

    /// <summary>Every node for itself: what any faster plan is held against.</summary>
    internal ForwardPlan NodeByNode => _nodeByNode ??= new ForwardPlan(graph, graph.Nodes.Select(node => new PlanStep(graph, node)));

    internal ForwardPlan For(ForwardMode mode) => NodeByNode;
}
