using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>Reads an Aug-Conv layer as a dense matrix, <c>[d, pixels x outputs]</c>, from its stored blocks.</summary>
internal sealed class LayerColumns
{
    private readonly AugConvPattern _pattern;
    private readonly AugConvLayer _layer;
    private readonly (AugConvGroup Group, int Index)[] _byPixel;

    internal LayerColumns(AugConvLayer layer)
    {
        (_layer, _pattern) = (layer, layer.Operator.Pattern);
        _byPixel = new (AugConvGroup, int)[_pattern.Sizes.Pixels];
        foreach (AugConvGroup group in _pattern.Groups)
        {
            for (int i = 0; i < group.Pixels.Length; i++)
            {
                _byPixel[group.Pixels[i]] = (group, i);
            }
        }
    }

    internal AugConvSizes Sizes => _pattern.Sizes;

    /// <summary>
    /// Writes the columns of one output pixel, <c>[d, outputs]</c>, with a row stride. Elements that are not stored are
    /// left unchanged.
    /// </summary>
    internal void Columns(int pixel, Span<double> target, int stride)
    {
        (AugConvGroup group, int index) = _byPixel[pixel];
        int outputs = Sizes.Outputs, side = Sizes.CoreSide, columns = _pattern.ColumnsOf(group);
        ReadOnlySpan<float> weight = _layer.Weight.AsSpan<float>();
        for (int core = 0; core < group.Cores.Length; core++)
        {
            for (int row = 0; row < side; row++)
            {
                ReadOnlySpan<float> source = weight.Slice(
                    (int)(group.Offset + ((((long)core * side) + row) * columns) + (index * outputs)), outputs);
                TensorPrimitives.ConvertTruncating(
                    source, target.Slice(((group.Cores[core] * side) + row) * stride, outputs));
            }
        }
    }

    /// <summary>
    /// Writes a sketch of the columns of one output pixel: rows are added, with fixed random signs, into fewer buckets,
    /// <c>[buckets, outputs]</c>. Linear relations among columns of all pixels are preserved, and almost no new ones
    /// arise if the number of buckets is many times the rank.
    /// </summary>
    internal void Sketch(int pixel, Span<double> target, int buckets)
    {
        (AugConvGroup group, int index) = _byPixel[pixel];
        int outputs = Sizes.Outputs, side = Sizes.CoreSide, columns = _pattern.ColumnsOf(group);
        ReadOnlySpan<float> weight = _layer.Weight.AsSpan<float>();
        Span<double> row = stackalloc double[outputs <= 1024 ? outputs : 0];
        row = row.IsEmpty ? new double[outputs] : row;
        target.Clear();
        for (int core = 0; core < group.Cores.Length; core++)
        {
            for (int i = 0; i < side; i++)
            {
                uint hash = Mixed((uint)((group.Cores[core] * side) + i));
                Span<double> sum = target.Slice((int)((hash >> 1) % (uint)buckets) * outputs, outputs);
                TensorPrimitives.ConvertTruncating(
                    weight.Slice(
                        (int)(group.Offset + ((((long)core * side) + i) * columns) + (index * outputs)), outputs), row);
                if ((hash & 1) == 0)
                {
                    TensorPrimitives.Add<double>(sum, row, sum);
                }
                else
                {
                    TensorPrimitives.Subtract<double>(sum, row, sum);
                }
            }
        }

        // The finalizer of MurmurHash3; only for spreading, not for secrecy.
        static uint Mixed(uint x)
        {
            x = (x ^ (x >> 16)) * 0x85EBCA6B;
            x = (x ^ (x >> 13)) * 0xC2B2AE35;
            return x ^ (x >> 16);
        }
    }

    /// <summary>
    /// Returns rows of the matrix as feature maps, <c>[rows, channels, height, width]</c>, of the first output
    /// channels.
    /// </summary>
    internal Tensor Rows(int first, int count, int channels)
    {
        Tensor features = Tensor.Allocate([count, channels, Sizes.OutHeight, Sizes.OutWidth], Layout.ChannelsLast);
        Span<float> target = features.Writable();
        ReadOnlySpan<float> weight = _layer.Weight.AsSpan<float>();
        target.Clear();
        int outputs = Sizes.Outputs, side = Sizes.CoreSide;
        foreach (AugConvGroup group in _pattern.Groups)
        {
            int columns = _pattern.ColumnsOf(group);
            for (int row = first; row < first + count; row++)
            {
                int core = Array.IndexOf(group.Cores, row / side);
                if (core < 0)
                {
                    continue;
                }

                ReadOnlySpan<float> source =
                    weight.Slice((int)(group.Offset + ((((long)core * side) + (row % side)) * columns)), columns);
                Span<float> image = target.Slice((row - first) * Sizes.Pixels * channels, Sizes.Pixels * channels);
                for (int i = 0; i < group.Pixels.Length; i++)
                {
                    source.Slice(i * outputs, channels).CopyTo(image[(group.Pixels[i] * channels)..]);
                }
            }
        }

        return features;
    }
}
