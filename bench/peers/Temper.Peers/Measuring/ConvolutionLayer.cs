using Temper.Kernels;

namespace Temper.Peers.Measuring;

/// <summary>A convolution to compare, with a square image and a square kernel.</summary>
internal sealed record ConvolutionLayer(
    int Batch, int Inputs, int Outputs, int Size, int Kernel, int Stride, int Padding)
{
    public int OutSize => ((Size + (2 * Padding) - Kernel) / Stride) + 1;

    public long Multiplications => (long)Batch * OutSize * OutSize * Outputs * Inputs * Kernel * Kernel;

    /// <summary>Whether the output has the shape of the input, so that copies of the layer can be chained.</summary>
    public bool IsChain => Inputs == Outputs && OutSize == Size;

    public ConvolutionGeometry Geometry => new()
    {
        Batch = Batch, InChannels = Inputs, InHeight = Size, InWidth = Size, OutChannels = Outputs,
        KernelHeight = Kernel,
        KernelWidth = Kernel, StrideHeight = Stride, StrideWidth = Stride, PadTop = Padding, PadLeft = Padding,
        PadBottom = Padding,
        PadRight = Padding,
    };

    public override string ToString() =>
        $"{Kernel}x{Kernel} {Inputs}->{Outputs} @{Size}{(Stride > 1 ? $" stride {Stride}" : "")}, {Batch}";
}
