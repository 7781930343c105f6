namespace Temper.Kernels;

/// <summary>Whether Winograd's transforms are worth their cost. The answer depends on sizes alone.</summary>
internal static class Winograd
{
    private const int MinChannels = 16;

    /// <summary>
    /// What a tile costs for each pair of channels, in multiplications of the direct kernel: 36, and what memory adds.
    /// </summary>
    private const double TileCost = 48;

    /// <summary>What the transform of a tile costs, a channel.</summary>
    private const double TransformCost = 320;

    /// <summary>What the transform of a filter costs.</summary>
    private const double FilterCost = 200;

    /// <summary>By how much the estimate must be the better one.</summary>
    private const double Margin = 1.1;

    /// <summary>The batch that stands for all batches where the choice must not depend on it.</summary>
    private const int TypicalBatch = 64;

    /// <summary>Whether the forward pass should take them, or the gradient of the input.</summary>
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
    /// What the forward pass costs with filters that were transformed before, in multiplications of the direct kernel.
    /// </summary>
    internal static double Cost(in ConvolutionGeometry g)
    {
        var tiling = new WinogradTiling(g.Batch, g.OutHeight, g.OutWidth, g.OutChannels, isTransformed: true);
        double pixels = TransformCost / Math.Min(g.OutChannels, WinogradTiling.BlockChannels),
            results = TransformCost / g.InChannels;
        return Margin * (TileCost + pixels + results) * tiling.Tiles * g.InChannels * g.OutChannels;
    }

    /// <summary>
    /// Multiplications of the direct kernel at stride 1, which leaves out kernel positions outside the image.
    /// </summary>
    internal static double DirectCost(in ConvolutionGeometry g) =>
        (double)g.Batch * Inside(g.OutHeight, g.PadTop, g.PadBottom) * Inside(
            g.OutWidth, g.PadLeft, g.PadRight) * g.InChannels * g.OutChannels;

    /// <summary>Whether the gradient of the weights should take them.</summary>
    internal static bool IsFasterForWeights(in ConvolutionGeometry g)
    {
        var tiling = new WinogradGradientTiling(g);
        double pixels = TransformCost / Math.Min(g.OutChannels, WinogradTiling.BlockChannels);
        double gradients = TransformCost / Math.Min(g.InChannels, WinogradTiling.BlockChannels);
        return Fits(g)
            && IsFaster(g, tiling.Tiles, TileCost + pixels + gradients + (FilterCost * tiling.Parts / tiling.Tiles));
    }

    /// <summary>Whether they can carry it out at all, with enough channels to be worth a thought.</summary>
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
    /// Pairs of an index and a kernel position that is inside the image; the direct kernel leaves out the others.
    /// </summary>
    private static int Inside(int indices, int before, int after) =>
        Math.Max((3 * indices) - (before * (before + 1) / 2) - (after * (after + 1) / 2), 1);
}
