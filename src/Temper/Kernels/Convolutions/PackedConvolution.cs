namespace Temper.Kernels;

/// <summary>Algorithms of a convolution.</summary>
internal enum ConvolutionMethod
{
    /// <summary>Tiles of pixels, read through tables of pointers.</summary>
    Direct,

    /// <summary>
    /// Like <see cref="Direct"/>, but the pixels of a kernel row are merged into one; for few input channels.
    /// </summary>
    MergedRows,

    /// <summary>Winograd's algorithm F(4x4, 3x3).</summary>
    Winograd,

    /// <summary>Depthwise convolution: vectors hold channels.</summary>
    Depthwise,
}

/// <summary>
/// A convolution with constant weights, for images of a fixed size and any batch size. The weights are packed (or
/// transformed) and the kernel maps are built once. Thread-safe.
/// </summary>
internal sealed unsafe class PackedConvolution
{
    /// <summary>Largest fraction of active channels for which gathering them is worthwhile.</summary>
    private const double MaxActive = 0.75;

    private readonly ConvolutionGeometry _geometry;
    private readonly PinnedFloats _weights;
    private readonly PinnedFloats _maps;

    /// <param name="geometry">Sizes; the batch size is ignored.</param>
    /// <param name="weight">Weights <c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="method">Algorithm; must satisfy <see cref="Fits"/>.</param>
    internal PackedConvolution(in ConvolutionGeometry geometry, ReadOnlySpan<float> weight, ConvolutionMethod method)
    {
        ConvolutionGeometry g = _geometry = geometry;
        Method = method;
        _maps = new PinnedFloats(((long)g.OutHeight * g.KernelHeight) + ((long)g.OutWidth * g.KernelWidth));
        int* rows = (int*)_maps.Pointer, columns = rows + (g.OutHeight * g.KernelHeight);
        KernelMap.Forward(rows, g.OutHeight, g.InHeight, g.KernelHeight, g.StrideHeight, g.DilationHeight, g.PadTop);
        KernelMap.Forward(columns, g.OutWidth, g.InWidth, g.KernelWidth, g.StrideWidth, g.DilationWidth, g.PadLeft);
        fixed (float* w = weight)
        {
            _weights = Pack(w);
        }
    }

    internal ConvolutionMethod Method { get; }

    /// <summary>Size of the packed weights, in floats.</summary>
    internal int WeightFloats => _weights.Count;

    /// <summary>Whether an algorithm supports a convolution.</summary>
    internal static bool Fits(in ConvolutionGeometry g, ConvolutionMethod method) => method switch
    {
        ConvolutionMethod.Depthwise => g.IsDepthwise,
        ConvolutionMethod.MergedRows => !g.IsDepthwise && MergedRows.Fit(g),
        ConvolutionMethod.Winograd => !g.IsDepthwise && Winograd.Fits(g),
        _ => !g.IsDepthwise,
    };

    /// <summary>Whether an algorithm can skip channels that are zero at run time.</summary>
    internal static bool FitsActiveChannels(in ConvolutionGeometry g, ConvolutionMethod method) =>
        g.Groups == 1 && method is ConvolutionMethod.Direct or ConvolutionMethod.Winograd && Fits(g, method);

    /// <summary>Returns the estimated cost of an algorithm, in multiplications of the direct kernel.</summary>
    internal static double Cost(in ConvolutionGeometry g, ConvolutionMethod method)
    {
        // Overhead per kernel position, which dominates with few input channels.
        const double CostOfPosition = 8;

        // Weights are read from memory for each batch; transformed weights are four times as large.
        const double CostOfWeight = 16;
        double results = g.OutCount, weights = CostOfWeight * g.WeightCount;
        return weights + method switch
        {
            ConvolutionMethod.Winograd => Winograd.Cost(g) + (3 * weights),
            ConvolutionMethod.Depthwise => results * g.Positions * CostOfPosition,
            ConvolutionMethod.MergedRows =>
                results * g.KernelHeight * ((g.KernelWidth * g.InChannels) + CostOfPosition),
            _ when Winograd.Fits(g) => Winograd.DirectCost(g),
            _ => results * g.Positions * (g.GroupInputs + CostOfPosition),
        };
    }

    /// <summary>
    /// Convolves images in channels-last layout. Allocates nothing once the threads' scratch memory exists.
    /// </summary>
    /// <param name="batch">Number of images.</param>
    /// <param name="x">Input <c>[N, H, W, C]</c>.</param>
    /// <param name="y">Receives the result <c>[N, OH, OW, O]</c>.</param>
    /// <param name="tail">Operations fused into the store of the result.</param>
    internal void Run(int batch, FloatAddress x, FloatAddress y, in LayerTail tail) =>
        Run(_geometry with { Batch = batch }, x, y, tail, null, _geometry.InChannels);

    /// <summary>
    /// Convolves image by image and skips the channels that are zero in the whole image, including their weights. The
    /// convolution must satisfy <see cref="FitsActiveChannels"/>.
    /// </summary>
    /// <param name="batch">Number of images.</param>
    /// <param name="x">Input <c>[N, H, W, C]</c>.</param>
    /// <param name="y">Receives the result <c>[N, OH, OW, O]</c>.</param>
    /// <param name="tail">Operations fused into the store of the result.</param>
    /// <param name="winners">
    /// Rule that selects the winning channels; only these are read. null: the nonzero channels are searched for.
    /// </param>
    internal void RunActiveChannels(
        int batch, FloatAddress x, FloatAddress y, in LayerTail tail, WinnerRule? winners = null)
    {
        ConvolutionGeometry g = _geometry with { Batch = 1 };
        int pixels = g.InHeight * g.InWidth;
        for (int i = 0; i < batch; i++)
        {
            var imageTail = new LayerTail { Bias = tail.Bias, Relu = tail.Relu, Residual = tail.Residual.IsNull
                ? default
                : tail.Residual + (i * g.OutCount) };
            int* numbers = (int*)Scratch.Rent(Scratch.Use.Maps, (long)g.InChannels + ActiveChannels.Ahead);
            int count = winners is { } rule
                ? WinnerSelection.List(x.Pointer, pixels, g.InChannels, rule, numbers)
                : ActiveChannels.Find(x.Pointer, pixels, g.InChannels, numbers);
            if (count <= MaxActive * g.InChannels)
            {
                // For an image of zeros, process one channel: its sum is the correct zero.
                count = Math.Max(count, 1);
                var gathered =
                    new FloatAddress(Scratch.Rent(Scratch.Use.Image, ((long)pixels * count) + ActiveChannels.Ahead));
                ActiveChannels.Gather(x.Pointer, pixels, g.InChannels, numbers, count, gathered.Pointer);
                Run(g, gathered, y, imageTail, numbers, count);
            }
            else if (winners is { } all)
            {
                RunWinners(1, x, y, imageTail, all);
            }
            else
            {
                Run(g, x, y, imageTail, null, g.InChannels);
            }

            x += g.InCount;
            y += g.OutCount;
        }
    }

    /// <summary>
    /// Convolves with all channels, after copying the images to scratch memory with the losing channels set to zero.
    /// </summary>
    internal void RunWinners(int batch, FloatAddress x, FloatAddress y, in LayerTail tail, in WinnerRule winners)
    {
        ConvolutionGeometry g = _geometry with { Batch = batch };
        var kept = new FloatAddress(Scratch.Rent(Scratch.Use.Winners, g.InCount));
        WinnerRows.Run(winners, x, kept, (batch, g.InHeight * g.InWidth, g.InChannels));
        Run(g, kept, y, tail, null, g.InChannels);
    }

    private void Run(
        in ConvolutionGeometry g, FloatAddress x, FloatAddress y, in LayerTail tail, int* listed, int channels)
    {
        IndirectJob job = Job(g);
        job.Listed = listed;
        job.SourceChannels = channels;
        job.Source = x.Pointer;
        job.Result = y.Pointer;
        job.Bias = tail.Bias is null ? null : tail.Bias.Pointer;
        job.Residual = tail.Residual.Pointer;
        job.Relu = tail.Relu;
        switch (Method)
        {
            case ConvolutionMethod.Depthwise:
                job.Prepacked = _weights.Pointer;
                DepthwiseConvolution.Run(ref job);
                break;
            case ConvolutionMethod.Winograd:
                WinogradConvolution.Run(new WinogradJob(job, g.PadTop, g.PadLeft, _weights.Pointer), default, default);
                break;
            default:
                if (Method == ConvolutionMethod.MergedRows)
                {
                    job.ColumnMap = (int*)Scratch.Rent(Scratch.Use.Maps, g.OutWidth);
                    MergedRows.Prepare(g, x.Pointer).Apply(g, ref job);
                }

                job.Prepacked = _weights.Pointer;
                IndirectConvolution.Run(ref job, default, default);
                break;
        }

        GC.KeepAlive(this);
        GC.KeepAlive(tail.Bias);
    }

    private IndirectJob Job(in ConvolutionGeometry g) => new()
    {
        Batch = g.Batch, KernelHeight = g.KernelHeight, KernelWidth = g.KernelWidth,
        RowMap = (int*)_maps.Pointer, ColumnMap = (int*)_maps.Pointer + (g.OutHeight * g.KernelHeight),
        SourceHeight = g.InHeight, SourceWidth = g.InWidth, SourceChannels = g.InChannels, Depth = g.GroupInputs,
        ResultHeight = g.OutHeight, ResultWidth = g.OutWidth, ResultChannels = g.OutChannels, Columns = g.GroupOutputs,
        Groups = g.Groups,
    };

    private PinnedFloats Pack(float* weight)
    {
        ConvolutionGeometry g = _geometry;
        IndirectJob job = Job(g);
        job.Weight = weight;
        if (Method == ConvolutionMethod.Depthwise)
        {
            var positions = new PinnedFloats(g.WeightCount);
            DepthwiseConvolution.Pack(job, positions.Pointer);
            return positions;
        }

        if (Method == ConvolutionMethod.MergedRows)
        {
            job.Weight = Scratch.Rent(Scratch.Use.Columns, g.WeightCount);
            MergedRows.Weights(g, weight, job.Weight);
            (job.KernelWidth, job.Depth) = (1, g.KernelWidth * g.InChannels);
        }

        var packed = new PinnedFloats(IndirectConvolution.PackedCount(job) * job.Groups);
        IndirectConvolution.PackGroups(job, packed.Pointer);
        if (Method != ConvolutionMethod.Winograd)
        {
            return packed;
        }

        job.Packed = packed.Pointer;
        var transformed = new PinnedFloats(WinogradFilters.Count(job.Columns, job.Depth));
        WinogradFilters.TransformAll(job, transformed.Pointer);
        GC.KeepAlive(packed);
        return transformed;
    }
}
