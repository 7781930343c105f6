namespace Temper.Parallelism.Planning;

/// <summary>A network for the planner: layers in topological order, and the values between them.</summary>
public sealed record PlannedNetwork
{
    /// <summary>Creates a network from layers and edges.</summary>
    /// <param name="name">Name of the network.</param>
    /// <param name="layers">The layers in topological order: each after the layers whose values it reads.</param>
    /// <param name="edges">The activations that pass from one layer to another.</param>
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

    /// <summary>Name of the network.</summary>
    public string Name { get; }

    /// <summary>The layers, including those without weights.</summary>
    public IReadOnlyList<PlannedLayer> Layers { get; }

    /// <summary>The activations that pass from one layer to another.</summary>
    public IReadOnlyList<PlannedEdge> Edges { get; }

    /// <summary>Indices of the layers with weights. A plan has a digit for each of them.</summary>
    public IReadOnlyList<int> Weighted { get; }

    /// <summary>Whether each layer reads only the output of the layer before it.</summary>
    public bool IsChain { get; }

    internal bool[] HasConsumer { get; }

    internal bool[] HasProducer { get; }

    /// <summary>Creates a network without branches: each layer reads the output of the layer before it.</summary>
    /// <param name="name">Name of the network.</param>
    /// <param name="layers">The layers in order.</param>
    public static PlannedNetwork Chain(string name, params IReadOnlyList<PlannedLayer> layers) => new(
        name, layers, [.. Enumerable.Range(0, Math.Max(layers.Count - 1, 0)).Select(
            i => new PlannedEdge(i, i + 1, layers[i].Outputs))]);

    /// <summary>Returns a chain with a layer inserted, as growth produces it.</summary>
    /// <param name="index">Index of the new layer.</param>
    /// <param name="layer">The new layer; it reads the output of the layer before it.</param>
    /// <exception cref="InvalidOperationException">The network has branches.</exception>
    public PlannedNetwork Insert(int index, PlannedLayer layer) => IsChain
        ? Chain(Name, [.. Layers.Take(index), layer, .. Layers.Skip(index)])
        : throw new InvalidOperationException($"plan: layers can be inserted only into chains (got {Name}, which has "
            + "branches); convert the grown network with NetworkLayers.Of");

    private void Check()
    {
        if (Weighted.Count == 0)
        {
            throw new ArgumentException($"plan: {Name} has no layer with weights (got {Layers.Count} layers, expected "
                + "at least one convolution or linear layer); use a network with weights");
        }

        foreach (PlannedLayer layer in Layers)
        {
            if (layer.Weights < 0 || layer.Inputs < 0
                || layer.Outputs <= 0 || layer.Macs < 0 || layer.InChannels < 1 || layer.OutChannels < 1)
            {
                throw new ArgumentException(
                    $"plan: a size of layer '{layer.Name}' is out of range (got {layer}, expected no negative sizes "
                    + "and at least 1 output element, input channel and output channel)");
            }
        }

        foreach (PlannedEdge edge in Edges)
        {
            if (edge.From < 0 || edge.To >= Layers.Count || edge.From >= edge.To || edge.Elements <= 0)
            {
                throw new ArgumentException(
                    $"plan: an edge must lead from a layer to a later one and have at least 1 element (got {edge} for "
                    + $"{Layers.Count} layers)");
            }
        }
    }
}
