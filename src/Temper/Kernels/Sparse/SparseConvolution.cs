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
    private readonly StridePhases _phases;
    private readonly PinnedFloats _start;

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
        fixed (int* starts = _pattern.Starts)
        {
            for (int i = 0; i < groups; i++)
            {
                ImageGroup group = ImageGroup.At(i, batch);
                var job = new SparseJob
                {
                    Places = (int*)_pattern.Places.Pointer, Weights = _pattern.Weights.Pointer, Starts = starts, Block = _pattern.Block,
                    Blocks = _pattern.Blocks, Channels = _geometry.OutChannels, Start = _start.Pointer, Floor = relu ? 0 : float.NegativeInfinity,
                    Source = _phases.Read(x.Pointer + (slots * _source.Image), group.Interleave), SourcePitch = _phases.Pitch,
                    Target = y.Pointer + (slots * _target.Image), Added = added.IsNull ? null : added.Pointer + (slots * _target.Image),
                    Shape = _target, Interleave = group.Interleave,
                };
                SparseRun.Run(ref job, _pattern.Count);
                slots += group.Interleave;
            }
        }

        GC.KeepAlive(this);
    }
}
