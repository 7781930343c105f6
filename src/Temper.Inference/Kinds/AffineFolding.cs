using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Folds <c>gain x + offset</c> into the preceding or following layer, if the result is equal up to rounding.
/// </summary>
internal static class AffineFolding
{
    /// <summary>
    /// Largest offset that is folded into the following layer. Large offsets shift large values close to zero; folding
    /// them would make the layer sum products of the large values, with loss of precision. Typical preprocessing, whose
    /// outputs are about 1, stays below this limit.
    /// </summary>
    private const float LargestOffset = 16;

    /// <summary>
    /// Composes two maps into one: <c>b(a(x)) = (gain b * gain a) x + (gain b * offset a + offset b)</c>.
    /// </summary>
    internal static ChannelAffineLayer? Compose(ChannelAffineLayer first, ChannelAffineLayer next)
    {
        bool isReordered = first.Order.Count > 0 && (next.Relu || next.Inputs.Count > 1);
        if (first.IsPerChannel != next.IsPerChannel || next.Order.Count > 0 || isReordered)
        {
            return null;
        }

        float[] g1 = Values(first.Gain), o1 = Values(first.Offset), g2 = Values(next.Gain), o2 = Values(next.Offset);
        int count = Math.Max(g1.Length, g2.Length);
        float[] gains = new float[count], offsets = new float[count];
        for (int i = 0; i < count; i++)
        {
            (int a, int b) = (i % g1.Length, i % g2.Length);
            gains[i] = g1[a] * g2[b];
            offsets[i] = MathF.FusedMultiplyAdd(g2[b], o1[a], o2[b]);
        }

        bool isExact = Array.TrueForAll(gains, IsOrdinary)
            && (Array.TrueForAll(o1, offset => offset == 0) || AreSmall(offsets));
        return isExact
            ? next with
            {
                Name = first.Name, Inputs = [first.Inputs[0], .. next.Inputs.Skip(1)], Gain = Row(gains),
                Offset = Row(offsets), Order = first.Order,
            }
            : null;
    }

    /// <summary>Folds a map that follows the layer into the rows of its weight and its bias.</summary>
    internal static ConvolutionLayer? IntoOutputs(ConvolutionLayer layer, ChannelAffineLayer next)
    {
        (Tensor Weight, Tensor Bias)? folded = next.IsPerChannel ? IntoRows(layer.Weight, layer.Bias, next) : null;
        return folded is { } both
            ? layer with
            {
                Weight = both.Weight, Bias = both.Bias, Inputs = [layer.Inputs[0], .. next.Inputs.Skip(1)],
                Output = next.Output, Relu = next.Relu,
            }
            : null;
    }

    /// <inheritdoc cref="IntoOutputs(ConvolutionLayer, ChannelAffineLayer)"/>
    internal static LinearLayer? IntoOutputs(LinearLayer layer, ChannelAffineLayer next)
    {
        (Tensor Weight, Tensor Bias)? folded =
            !next.IsPerChannel && next.Gain.Count <= layer.Outputs ? IntoRows(layer.Weight, layer.Bias, next) : null;
        return folded is { } both
            ? layer with { Weight = both.Weight, Bias = both.Bias, Output = next.Output, Relu = next.Relu }
            : null;
    }

    /// <summary>
    /// Folds a map that precedes a convolution into the columns of its weight and its bias. Padding zeros are not
    /// mapped, so a map with an offset cannot be folded into a padded convolution.
    /// </summary>
    internal static ConvolutionLayer? IntoInputs(ChannelAffineLayer first, ConvolutionLayer layer)
    {
        ConvolutionGeometry g = layer.Geometry;
        bool isPadded = g.PadTop > 0 || g.PadBottom > 0 || g.PadLeft > 0 || g.PadRight > 0;
        bool hasOffset = first.Offset.AsSpan<float>().ContainsAnyExcept(0f);
        if (!first.IsPerChannel || (isPadded && hasOffset) || (first.Order.Count > 0 && g.Groups > 1))
        {
            return null;
        }

        int[] channels = [.. Enumerable.Range(0, g.GroupInputs * g.Positions).Select(column => column / g.Positions)];
        return IntoColumns(first, layer.Weight, layer.Bias, channels, g.Groups) is { } both
            ? layer with { Weight = Reordered(
                both.Weight, first.Order), Bias = both.Bias, Inputs = [first.Inputs[0], .. layer.Inputs.Skip(1)] }
            : null;
    }

    /// <summary>Weights <c>[O, C, KH, KW]</c>, reordered for the source channels of a channel permutation.</summary>
    private static Tensor Reordered(Tensor weight, IReadOnlyList<int> order)
    {
        if (order.Count == 0)
        {
            return weight;
        }

        int channels = weight.Shape[1], positions = weight.Shape.CountOf(2, 4);
        float[] from = Values(weight), to = new float[from.Length];
        for (int i = 0; i < from.Length; i++)
        {
            (int row, int channel) = (i / positions / channels, i / positions % channels);
            to[(((row * channels) + order[channel]) * positions) + (i % positions)] += from[i];
        }

        return Tensor.From(to, weight.Shape);
    }

    /// <summary>
    /// Folds a map that precedes a fully connected layer into the columns of its weight and its bias.
    /// </summary>
    internal static LinearLayer? IntoInputs(ChannelAffineLayer first, LinearLayer layer)
    {
        int count = first.Gain.Count;
        if (first.IsPerChannel || layer.Features % count != 0)
        {
            return null;
        }

        int[] features = [.. Enumerable.Range(0, layer.Features).Select(feature => feature % count)];
        return IntoColumns(first, layer.Weight, layer.Bias, features, groups: 1) is { } both
            ? layer with { Weight = both.Weight, Bias = both.Bias, Inputs = first.Inputs }
            : null;
    }

    /// <summary>
    /// Folds a map of a value that is then reshaped and passed to a fully connected layer. The layer still reads the
    /// reshaped value.
    /// </summary>
    internal static LinearLayer? IntoInputs(ChannelAffineLayer first, LinearLayer layer, Shape shape)
    {
        int period = first.Gain.Count, pixels = first.IsPerChannel ? shape.CountOf(2, 4) : 1;
        int[] features = [.. Enumerable.Range(0, layer.Features).Select(i => i / pixels % period)];
        for (int i = layer.Features; i < shape.Count; i++)
        {
            if (i / pixels % period != features[i % layer.Features])
            {
                return null;
            }
        }

        return IntoColumns(first, layer.Weight, layer.Bias, features, groups: 1) is { } both
            ? layer with { Weight = both.Weight, Bias = both.Bias }
            : null;
    }

    private static (Tensor Weight, Tensor Bias)? IntoRows(Tensor weight, Tensor? bias, ChannelAffineLayer map)
    {
        int rows = weight.Shape[0];
        float[] gains = Values(map.Gain), offsets = Values(map.Offset),
            biases = bias is null ? new float[rows] : Values(bias);
        if (!Array.TrueForAll(gains, IsOrdinary) || !Array.TrueForAll(offsets, float.IsFinite))
        {
            return null;
        }

        gains = [.. Enumerable.Range(0, rows).Select(row => gains[row % gains.Length])];
        biases = [.. biases.Select(
            (value, row) => MathF.FusedMultiplyAdd(gains[row], value, offsets[row % offsets.Length]))];
        return (BatchNormMap.Scaled(weight.ToRowMajor(), gains), Row(biases));
    }

    /// <summary>Folds a map of the input values into the weights that they are multiplied with.</summary>
    /// <param name="map">The map.</param>
    /// <param name="weight"><c>[O, ...]</c>.</param>
    /// <param name="bias"><c>[O]</c>; null: zeros.</param>
    /// <param name="sources">Index of the gain and offset of each weight in a row, for the first group.</param>
    /// <param name="groups">Number of groups of rows; each group has its own gains and offsets.</param>
    private static (Tensor Weight, Tensor Bias)? IntoColumns(
        ChannelAffineLayer map, Tensor weight, Tensor? bias, int[] sources, int groups)
    {
        float[] gains = Values(map.Gain), offsets = Values(map.Offset);
        if (!Array.TrueForAll(gains, IsOrdinary) || !AreSmall(offsets))
        {
            return null;
        }

        int rows = weight.Shape[0], columns = sources.Length;
        float[] weights = Values(weight), sums = bias is null ? new float[rows] : Values(bias);
        for (int row = 0; row < rows; row++)
        {
            int first = row / (rows / groups) * (gains.Length / groups);
            double sum = sums[row];
            for (int column = 0; column < columns; column++)
            {
                ref float value = ref weights[(row * columns) + column];
                sum += (double)value * offsets[first + sources[column]];
                value *= gains[first + sources[column]];
            }

            sums[row] = (float)sum;
        }

        return (Tensor.From(weights, weight.Shape), Row(sums));
    }

    private static bool IsOrdinary(float gain) => gain == 0 || float.IsNormal(gain);

    private static bool AreSmall(float[] offsets) =>
        Array.TrueForAll(offsets, offset => MathF.Abs(offset) <= LargestOffset);

    private static float[] Values(Tensor tensor) => tensor.ToArray<float>();

    private static Tensor Row(float[] values) => Tensor.From(values, [values.Length]);
}
