namespace Temper.Parallelism.Planning;

/// <summary>A network as a planner sees it: layers in order, and the values between them.</summary>
public sealed record PlannedNetwork
{
    /// <summary>Makes a network of layers and edges.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="layers">In an order in which each stands behind those whose values it takes.</param>
    /// <param name="edges">The values between them.</param>
    /// <exception cref="ArgumentException">
    /// No layer has weights, sizes are negative, or an edge does not go forward.
    /// </exception>
    public PlannedNetwork(string name, IReadOnlyList<PlannedLayer> layers, IReadOnlyList<PlannedEdge> edges)
    {
        (Name, Layers, Edges) = (name, [.. layers], [.. edges]);
        Weighted = [.. Enumerable.Range(0, layers.Count).Where(i => layers[i].HasWeights)];
        Check();
        HasConsumer = new bool[layers.Count];
        HasProducer = new bool[layers.Count];
        foreach (PlannedEdge edge in edges)
        {
            HasConsumer[edge.From] = HasProducer[edge.To] = true;
        }

        IsChain = edges.Count == layers.Count - 1
            && edges.Select((edge, i) => edge.From == i && edge.To == i + 1).All(follows => follows);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The layers, those without weights included.</summary>
    public IReadOnlyList<PlannedLayer> Layers { get; }

    /// <summary>The values between them.</summary>
    public IReadOnlyList<PlannedEdge> Edges { get; }

    /// <summary>Indices of the layers with weights: those that a plan has a digit for.</summary>
    public IReadOnlyList<int> Weighted { get; }

    /// <summary>Whether each layer takes the value of the one before it and nothing else.</summary>
    public bool IsChain { get; }

    internal bool[] HasConsumer { get; }

    internal bool[] HasProducer { get; }

    /// <summary>A network without branches: each layer takes the output of the one before it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="layers">In order.</param>
    public static PlannedNetwork Chain(string name, params IReadOnlyList<PlannedLayer> layers) => new(
        name, layers, [.. Enumerable.Range(0, Math.Max(layers.Count - 1, 0)).Select(
            i => new PlannedEdge(i, i + 1, layers[i].Outputs))]);

    /// <summary>A chain with one more layer, as growing leaves it.</summary>
    /// <param name="index">Where the new layer stands.</param>
    /// <param name="layer">The layer; its input is the output of the layer before it.</param>
    /// <exception cref="InvalidOperationException">The network has branches.</exception>
    public PlannedNetwork Insert(int index, PlannedLayer layer) => IsChain
        ? Chain(Name, [.. Layers.Take(index), layer, .. Layers.Skip(index)])
        : throw new InvalidOperationException($"plan: a layer is inserted into chains only (got {Name}, which has "
            + "branches); read the grown network anew");

    private void Check()
    {
        if (Weighted.Count == 0)
        {
            throw new ArgumentException($"plan: {Name} has no layer with weights (got {Layers.Count} layers, expected "
                + "a convolution or linear layer); there is nothing to split");
        }

        foreach (PlannedLayer layer in Layers)
        {
            if (layer.Weights < 0 || layer.Inputs < 0
                || layer.Outputs <= 0 || layer.Macs < 0 || layer.InChannels < 1 || layer.OutChannels < 1)
            {
                throw new ArgumentException(
                    $"plan: sizes of layer '{layer.Name}' cannot be (got {layer}, expected positive numbers)");
            }
        }

        foreach (PlannedEdge edge in Edges)
        {
            if (edge.From < 0 || edge.To >= Layers.Count || edge.From >= edge.To || edge.Elements <= 0)
            {
                throw new ArgumentException(
                    $"plan: a value must go from a layer to a later one (got {edge}, {Layers.Count} layers)");
            }
        }
    }
}
