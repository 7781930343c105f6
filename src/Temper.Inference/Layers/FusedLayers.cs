namespace Temper.Inference;

/// <summary>
/// The layers of a network while they are fused: a layer that has become part of another one is null. Two layers may be
/// fused only if the value between them has no other use.
/// </summary>
internal sealed class FusedLayers
{
    private readonly Layer?[] _layers;
    private readonly Dictionary<int, int> _makers = [];
    private readonly int[] _uses;

    /// <param name="layers">Layers in topological order.</param>
    /// <param name="valueCount">Number of values.</param>
    /// <param name="outputs">Indices of the output values.</param>
    internal FusedLayers(IReadOnlyList<Layer> layers, int valueCount, IReadOnlyList<int> outputs)
    {
        _layers = [.. layers];
        _uses = new int[valueCount];
        foreach (int value in layers.SelectMany(layer => layer.Inputs).Concat(outputs))
        {
            _uses[value]++;
        }
    }

    internal Layer? this[int index]
    {
        get => _layers[index];
        set => _layers[index] = value;
    }

    /// <summary>Fuses each layer, in order, with layers before it, and returns the layers that are left.</summary>
    /// <param name="join">Fuses the layer with this index with those that make its inputs.</param>
    internal IReadOnlyList<Layer> Fuse(Action<int> join)
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            join(i);
            _makers[_layers[i]!.Output] = i;
        }

        return [.. _layers.OfType<Layer>()];
    }

    /// <summary>
    /// Returns the index of the layer that makes a value, if the value has one use and is not an output; else null.
    /// </summary>
    internal int? MakerOf(int value) =>
        _uses[value] == 1 && _makers.TryGetValue(value, out int maker) && _layers[maker] is not null ? maker : null;
}
