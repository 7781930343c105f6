namespace Temper.Networks;

/// <summary>The plans of a graph, one for each mode, made when first needed.</summary>
internal sealed class ForwardPlans(NetworkGraph graph)
{
    private ForwardPlan? _nodeByNode;
    private ForwardPlan? _evaluation;
    private ForwardPlan? _training;

    /// <summary>Every node for itself: what the others are held against.</summary>
    internal ForwardPlan NodeByNode => _nodeByNode ??= new ForwardPlan(graph, PlanMaker.EachNode(graph));

    internal ForwardPlan For(ForwardMode mode) => mode.IsTraining
        ? _training ??= new ForwardPlan(graph, new PlanMaker(graph, isTraining: true).Steps())
        : _evaluation ??= new ForwardPlan(graph, new PlanMaker(graph, isTraining: false).Steps());
}
