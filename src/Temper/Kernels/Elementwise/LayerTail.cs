namespace Temper.Kernels;

/// <summary>
/// Operations fused into a layer, applied to each element before it is stored: bias, addition and ReLU.
/// </summary>
internal readonly struct LayerTail
{
    /// <summary>
    /// Bias of each output channel, added first; null: none. The caller must keep it alive while the layer runs.
    /// </summary>
    internal PinnedFloats? Bias { get; init; }

    /// <summary>Added after the bias; same size and layout as the result. null: nothing is added.</summary>
    internal FloatAddress Residual { get; init; }

    /// <summary>Whether ReLU is applied last.</summary>
    internal bool Relu { get; init; }
}
