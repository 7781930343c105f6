using System.Numerics;

namespace Temper.Kernels;

/// <summary>
/// A convolution whose weights are mostly zero, on planes: each weight that is not zero is multiplied with a tile of pixels that stays in
/// registers, for one output channel or for several that share their places. Any stride, padding, dilation and groups. Shared by threads.
/// </summary>
internal sealed unsafe class SparseConvolution
{
    private readonly ConvolutionGeometry _geometry;
    private readonly SparsePattern _pattern;
    private readonly PlaneShape _source;
    private readonly PlaneShape _target;
    /// <summary>Bytes of a tile's pixels that stay in the first-level cache beside weights and results.</summary>
    private const int CachedBytes = 28 * 1024;

    /// <summary>Places of a block that are worth taking its sums up again.</summary>
    private const int PlacesOfPart = 16;

    private readonly StridePhases _phases;
    private readonly PinnedFloats _start;
    private readonly PinnedFloats _zeros = new(SparseTile.MostChannels);

    /// <summary>The pattern in 1, 2, 4, ... parts, as far as they were needed.</summary>
    private readonly SparsePattern?[] _inParts = new SparsePattern?[16];

    /// <param name="geometry">Sizes; the batch does not matter.</param>
    /// <param name="weight"><c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="block">Output channels that share their places: 1, 2, 4 or 8, dividing the outputs of a group if there are groups.</param>
    /// <param name="source">The input, its border at least the padding.</param>
    /// <param name="target">The result.</param>
    /// <param name="bias">Bias of each channel; null for none.</param>
    internal SparseConvolution(
        in ConvolutionGeometry geometry, ReadOnlySpan<float> weight, int block, PlaneShape source, PlaneShape target, PinnedFloats? bias)
    {
        ConvolutionGeometry g = _geometry = geometry;
        (_source, _target) = (source, target);
        _phases = new StridePhases(g, source);
        StridePhases phases = _phases;
        _pattern = SparsePattern.Of(weight, g.OutChannels, block, (o, k) =>
            phases.Place((o / g.GroupOutputs * g.GroupInputs) + (k / g.Taps), k % g.Taps / g.KernelWidth, k % g.KernelWidth));
        _start = new PinnedFloats((long)_pattern.Blocks * block);
        if (bias is not null)
        {
            bias.Span.CopyTo(_start.Span);
        }
    }

    /// <summary>Floats that weights and places take.</summary>
    internal long WeightFloats => _pattern.Weights.Count + _pattern.Places.Count;

    internal int Block => _pattern.Block;

    /// <summary>Convolves a batch. Allocates nothing once the threads' working memory is there.</summary>
    /// <param name="batch">Images.</param>
    /// <param name="x">The input's planes.</param>
    /// <param name="y">The result's planes.</param>
    /// <param name="added">Added to the result, in planes as it; no place for nothing.</param>
    /// <param name="relu">Whether negative results become zero, last.</param>
    internal void Run(int batch, FloatAddress x, FloatAddress y, FloatAddress added, bool relu)
    {
        int groups = ImageGroup.CountOf(batch);
        long slots = 0;
        for (int i = 0; i < groups; i++)
        {
            ImageGroup group = ImageGroup.At(i, batch);
            var job = new SparseJob
            {
                Block = _pattern.Block, Blocks = _pattern.Blocks, Channels = _geometry.OutChannels,
                Start = _start.Pointer, Zeros = _zeros.Pointer, Floor = relu ? 0 : float.NegativeInfinity,
                Source = _phases.Read(x.Pointer + (slots * _source.Image), group.Interleave), SourcePitch = _phases.Pitch,
                Target = y.Pointer + (slots * _target.Image), Added = added.IsNull ? null : added.Pointer + (slots * _target.Image),
                Shape = _target, Interleave = group.Interleave,
            };
            SparseRun.Cut(ref job);
            Run(ref job);
            slots += group.Interleave;
        }

        GC.KeepAlive(this);
    }

    private void Run(ref SparseJob job)
    {
        SparsePattern pattern = InParts(job);
        job.Places = (int*)pattern.Places.Pointer;
        job.Weights = pattern.Weights.Pointer;
        job.Parts = pattern.Parts;
        fixed (int* starts = pattern.Starts)
        {
            job.Starts = starts;
            SparseRun.Run(ref job, pattern.Count);
        }
    }

    /// <summary>The pattern cut so that what a tile reads of the input channels of a part stays in the first-level cache.</summary>
    private SparsePattern InParts(in SparseJob job)
    {
        ConvolutionGeometry g = _geometry;
        int lanes = GemmTile.Active.Lanes, vectors = Chunks.Count(job.Vectors, job.TileColumns);
        int rows = job.TileRows + ((g.KernelHeight - 1) * g.DilationHeight);
        int rowBytes = sizeof(float) * ((vectors * lanes) + ((g.KernelWidth - 1) * g.DilationWidth * job.Interleave) + lanes);
        int planeBytes = sizeof(float) * _phases.PlaneStride * job.Interleave;
        long bytes = (long)g.InChannels * Math.Min(rows * rowBytes, planeBytes);
        long most = Math.Min(bytes / CachedBytes, _pattern.Count / Math.Max(1L, (long)_pattern.Blocks * PlacesOfPart));
        int exponent = g.Groups > 1 ? 0 : Math.Min(BitOperations.Log2((uint)Math.Clamp(most, 1, int.MaxValue)), _inParts.Length - 1);
        if (exponent == 0)
        {
            return _pattern;
        }

        ref SparsePattern? kept = ref _inParts[exponent];
        return Volatile.Read(ref kept) ?? (kept = Cut(1 << exponent));
    }

    private SparsePattern Cut(int parts)
    {
        int perPart = Chunks.Count(_geometry.InChannels, parts) * _phases.PlaneStride;
        return _pattern.InParts(Chunks.Count(_geometry.InChannels, Chunks.Count(_geometry.InChannels, parts)), place => place / perPart);
    }
}
