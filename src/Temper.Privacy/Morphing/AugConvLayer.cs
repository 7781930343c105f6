using System.Globalization;
using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>
/// The first layer for morphed data, <c>C_ac = M⁻¹ C P</c>: its operator and weights. To compute the product, each row
/// of <c>M⁻¹</c> is treated as a picture and convolved, which uses the sparsity of C; only the nonzero blocks are
/// stored.
/// </summary>
/// <param name="Operator">The operator with its sizes.</param>
/// <param name="Weight">The stored blocks, as a vector.</param>
public sealed record AugConvLayer(AugConv Operator, Tensor Weight)
{
    private const int RowsAtOnce = 128;
    private const int CheckedRows = 32;

    /// <summary>Maximum relative error of the layer's features in the check before anything is written.</summary>
    internal const double MaxError = 1e-4;

    /// <summary>Composes the layer from a developer's first convolution.</summary>
    /// <param name="key">The key; determines the channel order.</param>
    /// <param name="morpher">The key's map.</param>
    /// <param name="weights">Weights of the convolution, <c>[O, C, KH, KW]</c>; finite.</param>
    /// <param name="stride">Stride in pixels, the same in both directions.</param>
    /// <param name="padding">Zero padding on each side, in pixels.</param>
    /// <exception cref="ArgumentException">
    /// The morpher belongs to another key, the weights do not match the key's pictures or are not finite, the stride is
    /// less than 1, or the layer is too large.
    /// </exception>
    /// <exception cref="InvalidOperationException">The check of the result failed.</exception>
    public static AugConvLayer Compose(MorphKey key, Morpher morpher, Tensor weights, int stride, int padding)
    {
        morpher.RequireOf(key, "morph layer");
        AugConv layer = OperatorFor(key.Map, weights.Shape, stride, padding) with { Key = key.Id };
        if (layer.Pattern.Count > Array.MaxLength)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"morph layer: the layer is too large (got {layer.Pattern.Count:N0} numbers, expected at most "
                + $"{Array.MaxLength:N0}); use smaller pictures, more cores or fewer channels"));
        }

        Tensor shuffled = Shuffled(Finite(weights), key.ChannelOrder(weights.Shape[0]));
        float[] blocks = new float[checked((int)layer.Pattern.Count)];
        for (int core = 0; core < key.Map.Cores; core++)
        {
            for (int first = 0; first < key.Map.CoreSide; first += RowsAtOnce)
            {
                Store(layer.Pattern, core, first, Convolved(
                    layer, morpher, shuffled, (core * key.Map.CoreSide) + first,
                    Math.Min(RowsAtOnce, key.Map.CoreSide - first)), blocks);
            }
        }

        var result = new AugConvLayer(layer, Tensor.From(blocks, [blocks.Length]));
        result.Check(key, morpher, shuffled);
        return result;
    }

    /// <summary>Creates the operator for a key's pictures and a developer's weights.</summary>
    internal static AugConv OperatorFor(MorphMap map, Shape weights, int stride, int padding)
    {
        if (weights.Rank != 4 || weights[1] != map.Channels)
        {
            throw new ArgumentException(
                $"morph layer: the weights do not match the key's pictures (got {weights}, expected [O, "
                    + $"{map.Channels}, KH, KW]); use the weights of the first convolution");
        }

        if (stride < 1 || padding < 0)
        {
            throw new ArgumentException($"morph layer: stride or padding is out of range (got {stride} and {padding}, "
                + "expected at least 1 and 0)");
        }

        return new AugConv(weights[0], (weights[2], weights[3]), (map.Channels, map.Height, map.Width), map.CoreSide)
        {
            Options = Conv2dOptions.Of(stride, padding), HasBias = false,
        };
    }

    /// <summary>Computes the features of morphed rows, <c>[N, O, OH, OW]</c>.</summary>
    /// <param name="rows">Morphed rows, <c>[N, d]</c> or <c>[N, C, H, W]</c>.</param>
    public Tensor Features(Tensor rows) => new AugConvOperation(rows, Weight, null, Operator.Pattern).Apply();

    /// <summary>Puts the output channels of weights, float32 <c>[O, C, KH, KW]</c>, into an order.</summary>
    internal static Tensor Shuffled(Tensor weights, int[] order)
    {
        float[] values = weights.ToArray<float>();
        int size = values.Length / order.Length;
        return Tensor.From(
            (float[])[.. order.SelectMany(from => values.AsSpan(from * size, size).ToArray())], weights.Shape);
    }

    /// <summary>Returns the weights as float32; throws if a value is not finite.</summary>
    private static Tensor Finite(Tensor weights)
    {
        Tensor values = weights.To(DType.Float32);
        return Array.TrueForAll(values.ToArray<float>(), float.IsFinite) ? values : throw new ArgumentException(
            "morph layer: the weights contain NaN or infinity; ask the developer for valid weights");
    }

    /// <summary>Convolves some rows of <c>M⁻¹</c>; returns <c>[rows, O, OH, OW]</c>.</summary>
    private static Tensor Convolved(AugConv layer, Morpher morpher, Tensor weights, int first, int count)
    {
        float[] rows = new float[count * layer.Inputs];
        morpher.Secret.InverseRows(first, rows);
        return Tensor.From(rows, [count, layer.Image.Channels, layer.Image.Height, layer.Image.Width])
            .Conv2d(weights, bias: null, layer.Options);
    }

    private static void Store(AugConvPattern pattern, int core, int first, Tensor features, float[] blocks)
    {
        ReadOnlySpan<float> values = features.InLayout(Layout.ChannelsLast).Physical();
        int outputs = pattern.Sizes.Outputs, width = pattern.Sizes.Pixels * outputs;
        foreach (AugConvGroup group in pattern.Groups)
        {
            int index = Array.IndexOf(group.Cores, core);
            if (index < 0)
            {
                continue;
            }

            int columns = pattern.ColumnsOf(group);
            for (int row = 0; row < features.Shape[0]; row++)
            {
                int target =
                    checked((int)(group.Offset + ((((long)index * pattern.Sizes.CoreSide) + first + row) * columns)));
                for (int i = 0; i < group.Pixels.Length; i++)
                {
                    values.Slice((row * width) + (group.Pixels[i] * outputs), outputs)
                        .CopyTo(blocks.AsSpan(target + (i * outputs)));
                }
            }
        }
    }

    /// <summary>
    /// Throws unless the layer's features of morphed rows equal the convolution's features of the plain rows.
    /// </summary>
    private void Check(MorphKey key, Morpher morpher, Tensor shuffled)
    {
        float[] rows = new float[CheckedRows * key.Map.Inputs], morphed = new float[rows.Length];
        using (KeyStream stream = key.Stream("check"))
        {
            for (int i = 0; i < rows.Length; i++)
            {
                rows[i] = (float)stream.NextUniform();
            }
        }

        morpher.Apply(rows, morphed);
        Shape image = [CheckedRows, key.Map.Channels, key.Map.Height, key.Map.Width];
        float[] expected = Tensor.From(rows, image).Conv2d(shuffled, bias: null, Operator.Options).ToArray<float>();
        double error = RelativeError(Features(Tensor.From(morphed, image)).ToArray<float>(), expected);
        if (!(error <= MaxError))
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"morph layer: the check failed (got a relative error of {error:G3}, expected at most {MaxError}); "
                + $"nothing was written"));
        }
    }

    /// <summary>Computes the relative error |a - b| / |b|.</summary>
    internal static double RelativeError(ReadOnlySpan<float> found, ReadOnlySpan<float> expected)
    {
        (double difference, double length) = (0, 0);
        for (int i = 0; i < expected.Length; i++)
        {
            double d = (double)found[i] - expected[i];
            difference += d * d;
            length += (double)expected[i] * expected[i];
        }

        return Math.Sqrt(difference) / Math.Max(Math.Sqrt(length), 1e-300);
    }
}
