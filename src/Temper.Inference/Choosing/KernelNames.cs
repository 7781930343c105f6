using Temper.Kernels;

namespace Temper.Inference;

/// <summary>Names of kernels in plans and tables.</summary>
internal static class KernelNames
{
    internal const string Panels = "panels", Rows = "rows", ActiveInputs = "active inputs", SparseRows = "sparse rows",
        PlanePool = "pool planes", PlaneSum = "elementwise planes", PlanePad = "copy planes",
        Operator = "operator", OperatorOnPixels = "operator, channels last",
        Winners = "winners", ScaledCopy = "scaled copy", ScaledPlanes = "scaled copy planes";

    internal static string Of(ConvolutionMethod method) => method switch
    {
        ConvolutionMethod.Winograd => "winograd",
        ConvolutionMethod.MergedRows => "merged rows",
        ConvolutionMethod.Depthwise => "depthwise",
        _ => "direct",
    };

    /// <summary>Name of a dense kernel that skips input channels that are zero at run time.</summary>
    internal static string OnActiveChannels(ConvolutionMethod method) => $"{Of(method)}, active channels";

    internal const string Int8 = "int8", Quantize = "quantize", Dequantize = "dequantize",
        PlaneQuantize = "quantize planes";

    /// <summary>Name of a dense float kernel with byte inputs and outputs.</summary>
    internal static string InFloat(ConvolutionMethod method) => $"float32, {Of(method)}";

    /// <summary>Name of the kernel on images cut into pieces.</summary>
    internal static string OnPieces(string kernel) => $"{kernel} cut";

    /// <summary>
    /// Name of a convolution on planes that skips zero weights, with one index shared by a block of output channels.
    /// </summary>
    internal static string Sparse(int block) => block == 1 ? "planes" : $"planes {block}x1";
}
