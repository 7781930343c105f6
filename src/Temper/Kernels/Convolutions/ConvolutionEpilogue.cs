namespace Temper.Kernels;

/// <summary>What a convolution does to each result before it is stored for good.</summary>
internal readonly ref struct ConvolutionEpilogue
{
    /// <summary>Added first, <c>[O]</c>; empty for none.</summary>
    internal ReadOnlySpan<float> Bias { get; init; }

    /// <summary>Added second, of the result's size and order; empty for none.</summary>
    internal ReadOnlySpan<float> Residual { get; init; }

    /// <summary>Whether negative results become zero, last.</summary>
    internal bool Relu { get; init; }

    /// <summary>Receives the mean of each channel of the stored result, <c>[O]</c>; empty where not wanted.</summary>
    internal Span<float> Mean { get; init; }

    /// <summary>Receives the variance (divided by the count); empty where not wanted.</summary>
    internal Span<float> Variance { get; init; }
}
