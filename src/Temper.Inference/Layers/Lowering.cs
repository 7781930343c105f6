using Temper.Networks;
using Temper.Tensors;
using Temper.Tensors.Memory;

namespace Temper.Inference;

/// <summary>
/// Lowers a network to layers. Folds normalizations into weights, fuses chains of nodes, evaluates nodes that depend on
/// no input, and passes flattened images directly to fully connected layers. <see cref="LayerTable"/> defines the kinds
/// of layers.
/// </summary>
internal static class Lowering
{
    /// <summary>Lowers a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="isBatchInvariant">Whether a sample's result must be the same bytes in any batch.</param>
    internal static LayerGraph Lower(Network network, bool isBatchInvariant = false)
    {
        // The compiled network outlives any open scope or tape.
        using (MemoryScope.Enter(null))
        {
            return Run(new LoweringContext(network.FoldNormalization()), isBatchInvariant);
        }
    }

    private static LayerGraph Run(LoweringContext context, bool isBatchInvariant)
    {
        NetworkGraph graph = context.Network.Graph;
        var layers = new List<Layer>();
        foreach (PlanStep step in graph.Plans.For(Pass.Evaluation).Steps)
        {
            if (step.Inputs.All(input => context.Constants[input] is not null))
            {
                context.Constants[step.Output] = step.Run(
                    new StepContext(context.Network, Pass.Evaluation, context.Constants, new Tensor[step.Width]));
            }
            else
            {
                layers.Add(LayerTable.LayerOf(step, context));
            }
        }

        IReadOnlyList<Layer> fused = Int8Fusion.Apply(
            LayerFusion.Apply(layers, context.Values, graph.OutputValues), context.Values, graph.OutputValues,
            out var grids);
        return new LayerGraph
        {
            Network = context.Network,
            IsBatchInvariant = isBatchInvariant,
            Layers = FlattenFusion.Apply(fused, context.Values, graph.OutputValues),
            Values = context.Values,
            Grids = grids,
            Constants = context.Constants.Index()
                .Where(pair => pair.Item is not null).ToDictionary(pair => pair.Index, pair => pair.Item!),
            Outputs = graph.OutputValues,
        }.WithDensities(new Dictionary<int, ValueDensity>());
    }
}
