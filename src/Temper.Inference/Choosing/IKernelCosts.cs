namespace Temper.Inference;

/// <summary>Costs of kernels, in any unit; used to compare them.</summary>
internal interface IKernelCosts
{
    /// <summary>Returns the cost of executing a layer with a candidate.</summary>
    double Of(Layer layer, Candidate candidate);

    /// <summary>Returns the cost of converting a value from one layout to another.</summary>
    double OfMoving(int value, ValueLayout from, ValueLayout to);
}

/// <summary>Estimated costs of kernels, independent of the machine.</summary>
internal sealed class EstimatedCosts(LayerGraph graph, int batch) : IKernelCosts
{
    public double Of(Layer layer, Candidate candidate) => candidate.Cost;

    public double OfMoving(int value, ValueLayout from, ValueLayout to) =>
        CandidateForms.CostOfMoving * LayerGraph.Count(graph.Values[value], batch);
}
