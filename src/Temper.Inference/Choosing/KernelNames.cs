using Temper.Kernels;

namespace Temper.Inference;

/// <summary>Names of kernels in plans and tables; part of the file format.</summary>
internal static class KernelNames
{
    internal const string Panels = "panels", Rows = "rows";

    internal static string Of(ConvolutionMethod method) => method switch
    {
        ConvolutionMethod.Winograd => "winograd",
        ConvolutionMethod.MergedRows => "merged rows",
        ConvolutionMethod.Depthwise => "depthwise",
        _ => "direct",
    };
}
