namespace Temper.Parallelism.Planning;

/// <summary>
/// Bytes that a training step moves, as a sum of terms that depend on one layer or one edge. Summing P partial results
/// that P ranks need again costs 2 (P - 1) elements each: a reduce-scatter and an all-gather. The paper's pairwise
/// exchanges have the same total.
/// </summary>
/// <remarks>
/// A layer with R replicas of its weights, P partial outputs and Q readers of each input costs (R - 1) A(W) + (P - 1)
/// A(F_out) + (Q - 1) A(F_in), each twice. An edge whose splits differ at some levels costs twice A(F) times the
/// fraction that is not where it is needed. Levels divide an axis independently, so the fraction kept at a level (1/2)
/// does not depend on the other levels: <see cref="CostKind.Exact"/> multiplies the fractions kept, the paper adds the
/// fractions moved.
/// </remarks>
internal sealed class PlanCost
{
    private const double ElementBytes = sizeof(float);

    internal PlanCost(PlannedNetwork network, Hierarchy hierarchy, int batch, CostKind kind, int splits)
    {
        (Network, Hierarchy, Batch, Kind) = (network, hierarchy, batch, kind);
        Patterns = new Patterns(hierarchy.Groups, splits);
        Mismatches = new MismatchClasses(hierarchy, isProduct: kind == CostKind.Exact);
    }

    internal PlannedNetwork Network { get; }

    internal Hierarchy Hierarchy { get; }

    internal int Batch { get; }

    internal CostKind Kind { get; }

    internal Patterns Patterns { get; }

    internal MismatchClasses Mismatches { get; }

    /// <summary>
    /// Returns the costs of the plans that end at each level, from the top: the same formulas, with a hierarchy that
    /// ends there. The last are these costs.
    /// </summary>
    internal PlanCost[] AtLevels() => [.. Enumerable.Range(1, Hierarchy.Levels).Select(levels =>
        levels == Hierarchy.Levels
            ? this
            : new PlanCost(Network, Hierarchy.First(levels), Batch, Kind, Patterns.Splits))];

    /// <summary>Returns the bytes of one layer; infinity if the layer is too small for the pattern.</summary>
    internal double Layer(int index, int pattern) =>
        Allows(index, pattern) ? LayerBytes(index, pattern) : double.PositiveInfinity;

    /// <summary>Returns the bytes of one layer, even if the layer is too small for the pattern.</summary>
    internal double LayerBytes(int index, int pattern) => Gradient(index, pattern) + Activations(index, pattern);

    /// <summary>Returns the bytes to sum the gradients of a layer's weights.</summary>
    internal double Gradient(int index, int pattern)
    {
        double replicas = (double)Patterns.Parts(pattern, Split.Data) * Patterns.Parts(pattern, Split.Space);
        return 2 * ElementBytes * (replicas - 1) * Network.Layers[index].Weights;
    }

    /// <summary>
    /// Returns the bytes of a layer's outputs and output gradients; half of them in the forward pass.
    /// </summary>
    internal double Activations(int index, int pattern)
    {
        PlannedLayer layer = Network.Layers[index];
        double elements = 0;
        if (layer.Kind == LayerKind.Weighted)
        {
            elements += (Patterns.Parts(pattern, Split.Input) - 1.0) * layer.Summed(Kind);
            elements += (Patterns.Parts(pattern, Split.Output) - 1.0) * layer.Inputs;
        }

        int strips = Patterns.Parts(pattern, Split.Space);
        if (strips > 1 && layer.Rows is { } rows && Network.HasProducer[index])
        {
            elements += (double)Patterns.Parts(pattern, Split.Output) * rows.Halo(strips);
        }

        if (!Network.HasConsumer[index])
        {
            elements += layer.Outputs * Mismatches.Moved(Mismatches.ClassAtLoss(layer.Kind, Patterns.Digits(pattern)));
        }

        return 2 * ElementBytes * Batch * elements;
    }

    /// <summary>Returns the bytes between two layers; half of them in the forward pass.</summary>
    internal double Edge(PlannedEdge edge, int from, int to)
    {
        int moved = Mismatches.ClassOf(Kinds(edge), Patterns.Digits(from), Patterns.Digits(to));
        return (Scale(edge) * Mismatches.Moved(moved)) + ExtraAfterSplit(edge, from);
    }

    /// <summary>Returns the bytes of an edge if its whole value had to move.</summary>
    internal double Scale(PlannedEdge edge) => 2 * ElementBytes * Batch * edge.Elements;

    /// <summary>
    /// Returns the bytes that Table 2 as printed adds after a split by input channels, in addition to Table 1.
    /// </summary>
    internal double ExtraAfterSplit(PlannedEdge edge, int from)
    {
        double moved = 0;
        if (Kind == CostKind.Table && Network.Layers[edge.From].Kind == LayerKind.Weighted)
        {
            ReadOnlySpan<byte> digits = Patterns.Digits(from);
            for (int level = 0; level < digits.Length; level++)
            {
                moved += digits[level] == (int)Split.Input ? 1 - Hierarchy.Kept[level] : 0;
            }
        }

        return Scale(edge) * moved;
    }

    internal (LayerKind From, LayerKind To) Kinds(PlannedEdge edge) =>
        (Network.Layers[edge.From].Kind, Network.Layers[edge.To].Kind);

    /// <summary>
    /// Whether a layer has at least as many samples, channels and rows as the pattern divides them into.
    /// </summary>
    internal bool Allows(int index, int pattern)
    {
        PlannedLayer layer = Network.Layers[index];
        int data = Patterns.Parts(pattern, Split.Data), input = Patterns.Parts(pattern, Split.Input),
            output = Patterns.Parts(pattern, Split.Output);
        int strips = Patterns.Parts(pattern, Split.Space);
        bool hasRows = strips == 1 || (layer.Rows is { } rows && rows.Pooled % strips == 0);
        return layer.Kind switch
        {
            LayerKind.Weighted => data <= Batch && input <= layer.InChannels && output <= layer.OutChannels && hasRows,
            LayerKind.Grouped =>
                data <= Batch && input <= layer.InChannels && layer.InChannels % input == 0 && output == 1 && hasRows,
            LayerKind.Junction => output == 1 && hasRows,
            _ => input == 1 && output == 1 && strips == 1,
        };
    }
}
