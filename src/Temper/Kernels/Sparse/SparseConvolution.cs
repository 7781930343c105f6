using System.Numerics;

namespace Temper.Kernels;

/// <summary>
/// A convolution with mostly zero weights, on planes. Each nonzero weight is multiplied with a tile of pixels held in
/// registers, for one output channel or for several channels that share their offsets. Supports any stride, padding,
/// dilation and groups. Shared by threads.
/// </summary>
internal sealed unsafe class SparseConvolution
{
    /// <summary>Bytes of a tile's input that stay in the L1 cache together with weights and results.</summary>
    private const int CachedBytes = 28 * 1024;

    /// <summary>Minimum number of offsets per block and part, to justify reloading the block's sums.</summary>
    private const int OffsetsOfPart = 16;

    /// <summary>Number of exponents (of two) for the number of parts and for the images per group.</summary>
    private const int PartExponents = 16, GroupExponents = 8;

    private readonly ConvolutionGeometry _geometry;
    private readonly SparsePattern _pattern;
    private readonly PlaneShape _source;
    private readonly PlaneShape _target;
    private readonly PinnedFloats _start;
    private readonly PinnedFloats _zeros = new(SparseTile.MaxChannels);

    /// <summary>
    /// Cached patterns for groups of 1, 2, 4, ... images in 1, 2, 4, ... parts; null: not needed so far.
    /// </summary>
    private readonly SparsePattern?[] _placed = new SparsePattern?[GroupExponents * PartExponents];

    /// <summary>Builds the sparsity pattern.</summary>
    /// <param name="geometry">Sizes; the batch size is ignored.</param>
    /// <param name="weight"><c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="block">
    /// Number of output channels that share their offsets: 1, 2, 4 or 8. It must divide the number of outputs per group
    /// if there are several groups.
    /// </param>
    /// <param name="source">
    /// Shape of the input, with a border at least as wide as the padding; cut only if <see cref="FitsPieces"/> is true.
    /// </param>
    /// <param name="target">Shape of the result; cut if the input is.</param>
    /// <param name="bias">Bias of each channel; null: none.</param>
    internal SparseConvolution(
        in ConvolutionGeometry geometry, ReadOnlySpan<float> weight, int block, PlaneShape source, PlaneShape target,
        PinnedFloats? bias)
    {
        _geometry = geometry;
        (_source, _target) = (source, target);
        _pattern = SparsePattern.Of(weight, geometry.OutChannels, block);
        _start = new PinnedFloats((long)_pattern.Blocks * block);
        if (bias is not null)
        {
            bias.Span.CopyTo(_start.Span);
        }
    }

    /// <summary>Size of weights and offsets, in floats.</summary>
    internal long WeightFloats => _pattern.Weights.Count + _pattern.Offsets.Count;

    internal int Block => _pattern.Block;

    /// <summary>
    /// Whether images may be cut into pieces: for every number of images per group, a piece of the result must need
    /// only one piece of the input and its border.
    /// </summary>
    internal static bool FitsPieces(in ConvolutionGeometry g, in PlaneShape source, in PlaneShape target)
    {
        bool fits = source.IsCut && target.IsCut && g.PadTop <= source.Top && g.PadLeft <= source.Left
            && ((g.KernelHeight - 1) * g.DilationHeight) - g.PadTop - (g.StrideHeight - 1) <= source.Bottom
            && ((g.KernelWidth - 1) * g.DilationWidth) - g.PadLeft - (g.StrideWidth - 1) <= source.Right;
        for (int images = 1; images < ImageGroup.MaxImages; images *= 2)
        {
            PlaneShape from = source.Piece(PieceGrid.For(images)), to = target.Piece(PieceGrid.For(images));
            fits &= from.Height == to.Height * g.StrideHeight && from.Width == to.Width * g.StrideWidth;
        }

        return fits;
    }

    /// <summary>Convolves a batch. Allocates nothing once each thread has its scratch memory.</summary>
    /// <param name="batch">Number of images.</param>
    /// <param name="x">Planes of the input.</param>
    /// <param name="y">Receives the planes of the result.</param>
    /// <param name="added">Planes added to the result, of the same shape; a null address: none.</param>
    /// <param name="relu">Whether to apply a ReLU after the addition.</param>
    internal void Run(int batch, FloatAddress x, FloatAddress y, FloatAddress added, bool relu)
    {
        for (int i = 0; i < ImageGroup.CountOf(batch); i++)
        {
            var source = new PlaneGroup(_source, ImageGroup.At(i, batch));
            var target = new PlaneGroup(_target, source.Images);
            var phases = new StridePhases(_geometry, source.Piece, source.Lanes);
            var job = new SparseJob
            {
                Block = _pattern.Block, Blocks = _pattern.Blocks, Channels = _geometry.OutChannels,
                Start = _start.Pointer, Zeros = _zeros.Pointer, Floor = relu ? 0 : float.NegativeInfinity,
                Source = phases.Read(x.Pointer), SourcePitch = phases.Pitch, SourceStep = phases.Step,
                Target = y.Pointer, Added = added.Pointer, Shape = target.Piece, Interleave = target.Lanes,
                Halo = PlaneHalo.Of(target),
            };
            SparseRun.Cut(ref job);
            Run(ref job, phases, BitOperations.Log2((uint)source.Images.Interleave));
            x += source.Floats;
            y += target.Floats;
            added = added.IsNull ? added : added + target.Floats;
        }

        GC.KeepAlive(this);
    }

    private void Run(ref SparseJob job, in StridePhases phases, int images)
    {
        int parts = PartsOf(job, phases);
        ref SparsePattern? kept = ref _placed[(images * PartExponents) + parts];
        SparsePattern pattern = Volatile.Read(ref kept) ?? (kept = Place(phases, job.Interleave, 1 << parts));
        job.Offsets = (int*)pattern.Offsets.Pointer;
        job.Weights = pattern.Weights.Pointer;
        job.Parts = pattern.Parts;
        fixed (int* starts = pattern.Starts)
        {
            job.Starts = starts;
            SparseRun.Run(ref job, pattern.Count);
        }

        GC.KeepAlive(pattern);
    }

    /// <summary>
    /// Returns the number of parts, as an exponent of two, such that the input of a tile for one part's input channels
    /// stays in the L1 cache.
    /// </summary>
    private int PartsOf(in SparseJob job, in StridePhases phases)
    {
        ConvolutionGeometry g = _geometry;
        int lanes = GemmTile.Active.Lanes, vectors = Chunks.Count(job.Vectors, job.TileColumns);
        int rows = job.TileRows + ((g.KernelHeight - 1) * g.DilationHeight);
        int rowBytes =
            sizeof(float) * ((vectors * lanes) + ((g.KernelWidth - 1) * g.DilationWidth * job.Interleave) + lanes);
        int planeBytes = sizeof(float) * phases.PlaneStride * job.Interleave;
        long bytes = (long)g.InChannels * Math.Min(rows * rowBytes, planeBytes);
        long max = Math.Min(bytes / CachedBytes, _pattern.Count / Math.Max(1L, (long)_pattern.Blocks * OffsetsOfPart));
        return g.Groups > 1
            ? 0
            : Math.Min(BitOperations.Log2((uint)Math.Clamp(max, 1, int.MaxValue)), PartExponents - 1);
    }

    private SparsePattern Place(StridePhases phases, int lanes, int parts)
    {
        ConvolutionGeometry g = _geometry;
        int channels = Chunks.Count(g.InChannels, parts);
        return _pattern.Placed(Chunks.Count(g.InChannels, channels), k =>
            k / g.Positions / channels, (o, k) => checked(lanes * phases.Offset(
            (o / g.GroupOutputs * g.GroupInputs) + (k / g.Positions), k % g.Positions / g.KernelWidth,
            k % g.KernelWidth)));
    }
}
