using System.Numerics;

namespace Temper.Kernels;

/// <summary>
/// A convolution whose weights are mostly zero, on planes: each weight that is not zero is multiplied with a tile of
/// pixels that stays in registers, for one output channel or for several that share their offsets. Any stride, padding,
/// dilation and groups. Shared by threads.
/// </summary>
internal sealed unsafe class SparseConvolution
{
    /// <summary>Bytes of a tile's pixels that stay in the first-level cache beside weights and results.</summary>
    private const int CachedBytes = 28 * 1024;

    /// <summary>Offsets of a block that are worth taking its sums up again.</summary>
    private const int OffsetsOfPart = 16;

    /// <summary>Exponents of the numbers of parts that there may be, and of the images of a group.</summary>
    private const int PartExponents = 16, GroupExponents = 8;

    private readonly ConvolutionGeometry _geometry;
    private readonly SparsePattern _pattern;
    private readonly PlaneShape _source;
    private readonly PlaneShape _target;
    private readonly PinnedFloats _start;
    private readonly PinnedFloats _zeros = new(SparseTile.MaxChannels);

    /// <summary>
    /// The pattern for groups of 1, 2, 4, ... images in 1, 2, 4, ... parts, as far as they were needed.
    /// </summary>
    private readonly SparsePattern?[] _placed = new SparsePattern?[GroupExponents * PartExponents];

    /// <param name="geometry">Sizes; the batch does not matter.</param>
    /// <param name="weight"><c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="block">
    /// Output channels that share their offsets: 1, 2, 4 or 8, dividing the outputs of a group if there are groups.
    /// </param>
    /// <param name="source">
    /// The input, its border at least the padding; cut only if the sizes allow it, see <see cref="FitsPieces"/>.
    /// </param>
    /// <param name="target">The result, cut if the input is.</param>
    /// <param name="bias">Bias of each channel; null for none.</param>
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

    /// <summary>Floats that weights and offsets take.</summary>
    internal long WeightFloats => _pattern.Weights.Count + _pattern.Offsets.Count;

    internal int Block => _pattern.Block;

    /// <summary>
    /// Whether images may be cut into pieces: a piece of the result needs a piece of the input and no more around it
    /// than there is, however many images a group has.
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

    /// <summary>Convolves a batch. Allocates nothing once the threads' working memory is there.</summary>
    /// <param name="batch">Images.</param>
    /// <param name="x">The input's planes.</param>
    /// <param name="y">The result's planes.</param>
    /// <param name="added">Added to the result, in planes as it; no place for nothing.</param>
    /// <param name="relu">Whether negative results become zero, last.</param>
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
    /// In how many parts, as an exponent of two, what a tile reads of the input channels of a part stays in the
    /// first-level cache.
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
