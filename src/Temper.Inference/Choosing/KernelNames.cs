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

    /// <summary>A dense kernel that leaves out input channels which are zero when it runs.</summary>
    internal static string OnActiveChannels(ConvolutionMethod method) => $"{Of(method)}, active channels";

    internal const string Int8 = "int8", Quantize = "quantize", Dequantize = "dequantize",
        PlaneQuantize = "quantize planes";

    /// <summary>A dense float kernel between bytes.</summary>
    internal static string InFloat(ConvolutionMethod method) => $"float32, {Of(method)}";

    /// <summary>The same kernel where images are cut into pieces.</summary>
    internal static string OnPieces(string kernel) => $"{kernel} cut";

    /// <summary>
    /// A convolution on planes that leaves out zeros, its output channels sharing their indices in blocks.
    /// </summary>
    internal static string Sparse(int block) => block == 1 ? "planes" : $"planes {block}x1";
}
