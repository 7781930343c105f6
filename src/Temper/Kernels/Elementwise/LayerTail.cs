namespace Temper.Kernels;

/// <summary>
/// What a layer does to each result before it is stored for good: adds a bias, adds another value, cuts off what is
/// negative.
/// </summary>
internal readonly struct LayerTail
{
    /// <summary>
    /// Added first, one for each output channel; null for none. Whoever runs the layer keeps it alive.
    /// </summary>
    internal PinnedFloats? Bias { get; init; }

    /// <summary>Added second, of the result's size and order; null for none.</summary>
    internal FloatAddress Residual { get; init; }

    /// <summary>Whether negative results become zero, last.</summary>
    internal bool Relu { get; init; }
}
