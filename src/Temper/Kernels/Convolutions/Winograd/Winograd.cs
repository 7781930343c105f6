namespace Temper.Kernels;

/// <summary>Decides whether Winograd's algorithm is worthwhile. The decision depends on the sizes only.</summary>
internal static class Winograd
{
    private const int MinChannels = 16;

    /// <summary>
    /// Cost of a tile per pair of channels, in multiplications of the direct kernel: 36 plus the cost of memory access.
    /// </summary>
    private const double TileCost = 48;

    /// <summary>Cost of transforming a tile, per channel.</summary>
    private const double TransformCost = 320;

    /// <summary>Cost of transforming a filter.</summary>
    private const double FilterCost = 200;

    /// <summary>Factor by which the estimate must be below that of the direct kernel.</summary>
    private const double Margin = 1.1;

    /// <summary>Batch size assumed if the choice must not depend on the actual batch size.</summary>
    private const int TypicalBatch = 64;

    /// <summary>Whether Winograd's algorithm is faster for the forward pass, or for the input gradient.</summary>
    internal static bool IsFaster(in ConvolutionGeometry geometry, bool isBackward)
    {
        ConvolutionGeometry g =
            geometry.Choice == KernelChoice.BatchInvariant ? geometry with { Batch = TypicalBatch } : geometry;
        (int depth, int columns) = isBackward ? (g.OutChannels, g.InChannels) : (g.InChannels, g.OutChannels);
        (int height, int width) = isBackward ? (g.InHeight, g.InWidth) : (g.OutHeight, g.OutWidth);
        var tiling = new WinogradTiling(g.Batch, height, width, columns);
        double pixels = TransformCost / Math.Min(columns, tiling.ColumnsPerBlock), results = TransformCost / depth;
        return Fits(g)
            && IsFaster(g, tiling.Tiles, TileCost + pixels + results + (FilterCost * tiling.RowTasks / tiling.Tiles));
    }

    /// <summary>
    /// Returns the cost of the forward pass with transformed filters, in multiplications of the direct kernel.
    /// </summary>
    internal static double Cost(in ConvolutionGeometry g)
    {
        var tiling = new WinogradTiling(g.Batch, g.OutHeight, g.OutWidth, g.OutChannels, isTransformed: true);
        double pixels = TransformCost / Math.Min(g.OutChannels, WinogradTiling.BlockChannels),
            results = TransformCost / g.InChannels;
        return Margin * (TileCost + pixels + results) * tiling.Tiles * g.InChannels * g.OutChannels;
    }

    /// <summary>
    /// Returns the number of multiplications of the direct kernel at stride 1. It skips kernel positions outside the
    /// image.
    /// </summary>
    internal static double DirectCost(in ConvolutionGeometry g) =>
        (double)g.Batch * Inside(g.OutHeight, g.PadTop, g.PadBottom) * Inside(
            g.OutWidth, g.PadLeft, g.PadRight) * g.InChannels * g.OutChannels;

    /// <summary>Whether Winograd's algorithm is faster for the weight gradient.</summary>
    internal static bool IsFasterForWeights(in ConvolutionGeometry g)
    {
        var tiling = new WinogradGradientTiling(g);
        double pixels = TransformCost / Math.Min(g.OutChannels, WinogradTiling.BlockChannels);
        double gradients = TransformCost / Math.Min(g.InChannels, WinogradTiling.BlockChannels);
        return Fits(g)
            && IsFaster(g, tiling.Tiles, TileCost + pixels + gradients + (FilterCost * tiling.Parts / tiling.Tiles));
    }

    /// <summary>
    /// Whether Winograd's algorithm supports the convolution and the channels are enough to consider it.
    /// </summary>
    internal static bool Fits(in ConvolutionGeometry g) =>
        g.KernelHeight == 3
            && g.KernelWidth == 3
            && g.StrideHeight == 1
            && g.StrideWidth == 1
            && g.DilationHeight == 1
            && g.DilationWidth == 1
        && g.Groups == 1 && Math.Min(g.InChannels, g.OutChannels) >= MinChannels;

    private static bool IsFaster(in ConvolutionGeometry g, double tiles, double tileCost)
    {
        double direct =
            (double)g.Batch * Inside(g.OutHeight, g.PadTop, g.PadBottom) * Inside(g.OutWidth, g.PadLeft, g.PadRight);
        return Margin * tileCost * tiles < direct;
    }

    /// <summary>
    /// Returns the number of (index, kernel position) pairs inside the image along one axis; the direct kernel skips
    /// the others.
    /// </summary>
    private static int Inside(int indices, int before, int after) =>
        Math.Max((3 * indices) - (before * (before + 1) / 2) - (after * (after + 1) / 2), 1);
}
