namespace Temper.Kernels;

/// <summary>Operations fused into a convolution, applied to each element before it is stored.</summary>
internal readonly ref struct ConvolutionEpilogue
{
    /// <summary>Bias <c>[O]</c>, added first; empty: none.</summary>
    internal ReadOnlySpan<float> Bias { get; init; }

    /// <summary>Added after the bias; same size and layout as the result. Empty: nothing is added.</summary>
    internal ReadOnlySpan<float> Residual { get; init; }

    /// <summary>Whether ReLU is applied last.</summary>
    internal bool Relu { get; init; }

    /// <summary>Receives the mean of each channel of the stored result, <c>[O]</c>; empty: not computed.</summary>
    internal Span<float> Mean { get; init; }

    /// <summary>Receives the biased variance of each channel, <c>[O]</c>; empty: not computed.</summary>
    internal Span<float> Variance { get; init; }
}
