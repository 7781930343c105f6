using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>Pruning as an edit: takes a network and returns the pruned network.</summary>
public static class NetworkPruning
{
    /// <summary>
    /// Sets weights of convolutions and linear layers to zero and masks them, so that training keeps them zero. Weights
    /// that are zero or masked already remain zero and are masked. Biases and normalizations are not changed.
    /// </summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="rule">Selects the weights to prune.</param>
    /// <param name="ignore">
    /// Layers to skip: names of nodes or parameters, such as <c>fc1</c> or <c>fc1.weight</c>; <c>*</c> matches any text
    /// and <c>?</c> any character. Null: none.
    /// </param>
    /// <returns>The pruned network; it shares all other parameters.</returns>
    /// <exception cref="ArgumentException">
    /// A name of <paramref name="ignore"/> matches no layer, scores are missing or invalid, a weight is not finite, or
    /// the rule's target cannot be reached.
    /// </exception>
    public static Network Prune(this Network network, PruningRule rule, IReadOnlyList<string>? ignore = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(rule);
        HashSet<string> ignored = Ignored(network, ignore ?? []);
        PrunedLayer[] layers =
        [
            .. network.Parameters.Where(p => SparsityReport.IsWeight(p) && !ignored.Contains(p.Name))
                .Select(p => new PrunedLayer(p, rule.Block, ScoresOf(rule, p))),
        ];
        rule.Apply(new PrunedNetwork(network, layers));
        return network.WithParameters(layers.Select(layer => layer.ToParameter()));
    }

    /// <summary>Masks the weights that are zero, for networks read from files without masks.</summary>
    /// <param name="network">The network; not changed.</param>
    public static Network MaskZeros(this Network network) => network.Prune(PruningRule.Absolute(0));

    /// <summary>Returns the names of weights whose layers match a pattern.</summary>
    /// <param name="network">The network.</param>
    /// <param name="patterns">Names of nodes or parameters; <c>*</c> matches any text.</param>
    /// <param name="operation">Name of the operation, used in the error message.</param>
    /// <exception cref="ArgumentException">A pattern matches no layer with weights.</exception>
    internal static HashSet<string> Ignored(Network network, IReadOnlyList<string> patterns, string operation = "Prune")
    {
        var ignored = new HashSet<string>(StringComparer.Ordinal);
        (string Layer, string Weight)[] weights =
        [
            .. network.Nodes.SelectMany(node => node.Parameters.Where(name =>
                SparsityReport.IsWeight(network.Parameters[name])).Select(name => (node.Name, name))),
        ];
        foreach (string pattern in patterns)
        {
            string[] found =
            [
                .. weights.Where(w => LayerPattern.Matches(pattern, w.Layer) || LayerPattern.Matches(pattern, w.Weight))
                    .Select(w => w.Weight),
            ];
            if (found.Length == 0)
            {
                throw new ArgumentException(
                    $"{operation}: no layer with weights matches this name (got '{pattern}', expected a pattern for "
                    + $"one of {string.Join(", ", weights.Select(w => w.Layer))})", nameof(patterns));
            }

            ignored.UnionWith(found);
        }

        return ignored;
    }

    private static Tensor? ScoresOf(PruningRule rule, Parameter parameter) =>
        rule.Scores is null || rule.Scores.TryGetValue(parameter.Name, out Tensor? scores)
            ? rule.Scores?[parameter.Name]
            : throw new ArgumentException($"Prune: the rule has no scores for '{parameter.Name}'; add them, or skip "
                + "the layer with ignore");
}
