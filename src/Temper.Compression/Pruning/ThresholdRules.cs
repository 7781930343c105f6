using Temper.Networks;

namespace Temper.Compression.Pruning;

/// <summary>Prunes units below a multiple of their layer's standard deviation.</summary>
internal sealed record StandardDeviationRule(float Ratio) : PruningRule
{
    internal override void Apply(PrunedNetwork network)
    {
        foreach (PrunedLayer layer in network.Layers.Where(layer => layer.Count > 0))
        {
            layer.DropBelow(Ratio * (float)Deviation(layer.Values));
        }
    }

    private static double Deviation(float[] values)
    {
        double mean = values.Average(value => (double)value);
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }
}

/// <summary>Prunes units below a threshold.</summary>
internal sealed record AbsoluteRule(float Threshold) : PruningRule
{
    internal override void Apply(PrunedNetwork network)
    {
        foreach (PrunedLayer layer in network.Layers)
        {
            layer.DropBelow(Threshold);
        }
    }
}

/// <summary>N:M sparsity: keeps N of M consecutive inputs at one kernel position.</summary>
internal sealed record PatternRule(int Kept, int Of) : PruningRule
{
    internal override void Apply(PrunedNetwork network)
    {
        if (Block.Columns != 1)
        {
            throw new ArgumentException($"PruningRule.Pattern: blocks must have one column (got blocks of {Block}, "
                + "expected Rx1), because N:M chooses among inputs");
        }

        foreach (PrunedLayer layer in network.Layers.Where(layer => layer.Count > 0))
        {
            Apply(layer, TransposedGroups(network.Network, layer.Parameter.Name));
        }
    }

    /// <summary>
    /// Returns the number of groups of the transposed convolution that has a weight; null: it is of another layer.
    /// </summary>
    private static int? TransposedGroups(Network network, string weight) => network.Nodes.FirstOrDefault(node =>
        node.Parameters.Contains(weight, StringComparer.Ordinal))?.Operator switch
    {
        ConvTranspose2d layer => layer.Options.Groups,
        ConvTranspose3d layer => layer.Plane.Options.Groups,
        _ => null,
    };

    /// <remarks>Rows of a transposed convolution's weight are its inputs, group by group.</remarks>
    private void Apply(PrunedLayer layer, int? transposed)
    {
        if (transposed is not null && Block.Rows != 1)
        {
            throw new ArgumentException($"PruningRule.Pattern: rows of '{layer.Parameter.Name}' are inputs of a "
                + $"transposed convolution (got blocks of {Block}, expected 1x1); ignore the layer");
        }

        int rows = transposed ?? layer.UnitRows,
            inputs = transposed is { } groups ? layer.UnitRows / groups : layer.Parameter.Value.Shape[1],
            positions = layer.Scores.Length / (rows * inputs);
        var group = new List<int>(Of);
        for (int row = 0; row < rows; row++)
        {
            for (int position = 0; position < positions; position++)
            {
                for (int first = 0; first < inputs; first += Of)
                {
                    int start = (row * inputs * positions) + position, count = Math.Min(Of, inputs - first);
                    group.Clear();
                    group.AddRange(Enumerable.Range(first, count).Select(input => start + (input * positions)));
                    DropWeakest(layer, group);
                }
            }
        }
    }

    private void DropWeakest(PrunedLayer layer, List<int> group)
    {
        group.Sort(
            (a, b) => layer.Scores[a] != layer.Scores[b] ? layer.Scores[a].CompareTo(layer.Scores[b]) : a.CompareTo(b));
        for (int i = 0; i < group.Count - Kept; i++)
        {
            layer.IsKept[group[i]] = false;
        }
    }
}
