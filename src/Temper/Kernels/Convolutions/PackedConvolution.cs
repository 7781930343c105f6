namespace Temper.Kernels;

/// <summary>How a convolution is carried out.</summary>
internal enum ConvolutionMethod
{
    /// <summary>Tiles of pixels, read through pointers.</summary>
    Direct,

    /// <summary>The same, the pixels of a kernel row taken as one: for few input channels.</summary>
    MergedRows,

    /// <summary>F(4x4, 3x3).</summary>
    Winograd,

    /// <summary>Vectors over channels that do not see each other.</summary>
    Depthwise,
}

/// <summary>
/// A convolution whose weights do not change: packed (or transformed) once, with the maps of its kernel positions, for
/// images of one size and any number of them. Shared by threads.
/// </summary>
internal sealed unsafe class PackedConvolution
{
    /// <summary>Share of active channels above which bringing them together does not pay.</summary>
    private const double MaxActive = 0.75;

    private readonly ConvolutionGeometry _geometry;
    private readonly PinnedFloats _weights;
    private readonly PinnedFloats _maps;

    /// <param name="geometry">Sizes; the batch does not matter.</param>
    /// <param name="weight"><c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="method">One that <see cref="Fits"/>.</param>
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

    /// <summary>Floats that the weights take.</summary>
    internal int WeightFloats => _weights.Count;

    /// <summary>Whether a method can carry out a convolution.</summary>
    internal static bool Fits(in ConvolutionGeometry g, ConvolutionMethod method) => method switch
    {
        ConvolutionMethod.Depthwise => g.IsDepthwise,
        ConvolutionMethod.MergedRows => !g.IsDepthwise && MergedRows.Fit(g),
        ConvolutionMethod.Winograd => !g.IsDepthwise && Winograd.Fits(g),
        _ => !g.IsDepthwise,
    };

    /// <summary>Whether a method can leave out channels that are zero when it runs.</summary>
    internal static bool FitsActiveChannels(in ConvolutionGeometry g, ConvolutionMethod method) =>
        g.Groups == 1 && method is ConvolutionMethod.Direct or ConvolutionMethod.Winograd && Fits(g, method);

    /// <summary>What a method is thought to cost, in multiplications of the direct kernel.</summary>
    internal static double Cost(in ConvolutionGeometry g, ConvolutionMethod method)
    {
        // Few input channels leave most of a kernel position's time to what surrounds its loop.
        const double CostOfPosition = 8;

        // Weights come from memory for each batch, four times as many where they were transformed.
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
    /// Convolves some images, channels last. Allocates nothing once the threads' working memory is there.
    /// </summary>
    /// <param name="batch">Images.</param>
    /// <param name="x"><c>[N, H, W, C]</c>.</param>
    /// <param name="y">Receives <c>[N, OH, OW, O]</c>.</param>
    /// <param name="tail">What is done to each result.</param>
    internal void Run(int batch, FloatAddress x, FloatAddress y, in LayerTail tail) =>
        Run(_geometry with { Batch = batch }, x, y, tail, null, _geometry.InChannels);

    /// <summary>
    /// The same image by image, without the channels that are zero everywhere in it: they are found first, and their
    /// weights are not read. For <see cref="FitsActiveChannels"/>.
    /// </summary>
    /// <param name="batch">Images.</param>
    /// <param name="x"><c>[N, H, W, C]</c>.</param>
    /// <param name="y">Receives <c>[N, OH, OW, O]</c>.</param>
    /// <param name="tail">What is done to each result.</param>
    /// <param name="winners">
    /// Which channels win: only they are read, and nothing is searched for; null: those are found that are not zero.
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
                // An image of zeros has a sum too: that of any one channel.
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
    /// Convolves the winning channels of some images as if they were all: the others are set to zero first, in working
    /// memory.
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
