namespace Temper.Kernels;

/// <summary>
/// Sizes of a 2-D convolution with input <c>[N, H, W, C]</c> and weights <c>[O, C / groups, KH, KW]</c>.
/// </summary>
internal readonly record struct ConvolutionGeometry
{
    public ConvolutionGeometry()
    {
    }

    internal required int Batch { get; init; }

    internal required int InChannels { get; init; }

    internal required int InHeight { get; init; }

    internal required int InWidth { get; init; }

    internal required int OutChannels { get; init; }

    internal required int KernelHeight { get; init; }

    internal required int KernelWidth { get; init; }

    internal int StrideHeight { get; init; } = 1;

    internal int StrideWidth { get; init; } = 1;

    internal int DilationHeight { get; init; } = 1;

    internal int DilationWidth { get; init; } = 1;

    internal int PadTop { get; init; }

    internal int PadLeft { get; init; }

    internal int PadBottom { get; init; }

    internal int PadRight { get; init; }

    internal int Groups { get; init; } = 1;

    /// <summary>Whether the choice of a kernel may depend on <see cref="Batch"/>.</summary>
    internal KernelChoice Choice { get; init; }

    /// <summary>Height of the result; 0 if the kernel is larger than the padded input.</summary>
    internal int OutHeight => Outputs(InHeight + PadTop + PadBottom, KernelHeight, StrideHeight, DilationHeight);

    /// <summary>Width of the result; 0 if the kernel is larger than the padded input.</summary>
    internal int OutWidth => Outputs(InWidth + PadLeft + PadRight, KernelWidth, StrideWidth, DilationWidth);

    internal int Positions => KernelHeight * KernelWidth;

    /// <summary>Number of input channels per group.</summary>
    internal int GroupInputs => InChannels / Groups;

    /// <summary>Number of output channels per group.</summary>
    internal int GroupOutputs => OutChannels / Groups;

    internal bool IsDepthwise => Groups > 1 && Groups == InChannels && Groups == OutChannels;

    internal long InCount => (long)Batch * InHeight * InWidth * InChannels;

    internal long OutCount => (long)Batch * OutHeight * OutWidth * OutChannels;

    internal long WeightCount => (long)OutChannels * GroupInputs * Positions;

    /// <summary>Throws if the lengths of the memory do not match the sizes.</summary>
    internal void Check(int input, int weight, int output)
    {
        if (input != InCount || weight != WeightCount || output != OutCount)
        {
            throw new ArgumentException(
                $"convolution: wrong lengths (got {input}, {weight} and {output} floats, expected {InCount}, "
                + $"{WeightCount} and {OutCount})");
        }
    }

    private static int Outputs(int length, int kernel, int stride, int dilation)
    {
        long span = ((kernel - 1L) * dilation) + 1;
        return length < span ? 0 : (int)((length - span) / stride) + 1;
    }
}
