namespace Temper.Inference;

/// <summary>What kernels cost, in whatever unit.</summary>
internal interface IKernelCosts
{
    /// <summary>Carrying out a layer in one of its ways.</summary>
    double Of(Layer layer, Candidate candidate);

    /// <summary>Conversion of a value from one layout to another.</summary>
    double OfMoving(int value, ValueLayout from, ValueLayout to);
}

/// <summary>What kernels are thought to cost, the same on every machine.</summary>
internal sealed class EstimatedCosts(LayerGraph graph, int batch) : IKernelCosts
{
    public double Of(Layer layer, Candidate candidate) => candidate.Cost;

    public double OfMoving(int value, ValueLayout from, ValueLayout to) =>
        CandidateForms.CostOfMoving * LayerGraph.Count(graph.Values[value], batch);
}
