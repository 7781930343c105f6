using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Calibration;

/// <summary>
/// Computes the second moments <c>H = Σ x xᵀ</c> of a layer's inputs, with the patches of a convolution as rows. They
/// are all that a least-squares fit of the weights needs.
/// </summary>
internal static class LayerInputs
{
    /// <summary>λ of <see cref="Ridge"/>, as a fraction of the mean of H's diagonal.</summary>
    private const double Damping = 0.01;

    private const int RowsAtOnce = 8192;

    /// <summary>Returns whether a layer can be fitted: linear layers and convolutions without groups.</summary>
    internal static bool CanFit(Node node) => node.Operator is Linear or Conv2d { Options.Groups: 1 };

    /// <summary>Computes H, <c>[D, D]</c> row-major, where D is the number of weights per output.</summary>
    /// <param name="node">A convolution without groups, or a linear layer.</param>
    /// <param name="x">Input of the layer for all samples.</param>
    internal static double[] Moments(Node node, Tensor x) => Sum(node, x, (rows, _) => rows.Transpose().MatMul(rows));

    /// <summary>
    /// Computes <c>Σ x yᵀ</c>, <c>[D, O]</c> row-major: the products of the inputs with the wanted outputs.
    /// </summary>
    /// <param name="node">A convolution without groups, or a linear layer.</param>
    /// <param name="x">Input of the layer for all samples.</param>
    /// <param name="y">Wanted outputs, of the shape of the layer's output, without bias.</param>
    internal static double[] Products(Node node, Tensor x, Tensor y)
    {
        Tensor outputs = node.Operator is Conv2d ? y.Permute(0, 2, 3, 1) : y;
        outputs = outputs.ToRowMajor().Reshape([outputs.Count / outputs.Shape[-1], outputs.Shape[-1]]);
        return Sum(node, x, (rows, start) => rows.Transpose().MatMul(outputs.Slice(0, start, start + rows.Shape[0])));
    }

    /// <summary>
    /// Returns λ, which the fits add to the diagonal of H, because inputs that are always zero have zero moments.
    /// </summary>
    /// <param name="moments">H, <c>[D, D]</c>.</param>
    /// <param name="width">D, the number of weights per output.</param>
    internal static double Ridge(double[] moments, int width)
    {
        double mean = 0;
        for (int i = 0; i < width; i++)
        {
            mean += moments[(i * width) + i] / width;
        }

        return (Damping * mean) + 1e-10;
    }

    /// <summary>Sums products over all rows: each block of rows in float32, the blocks in float64.</summary>
    private static double[] Sum(Node node, Tensor x, Func<Tensor, int, Tensor> product)
    {
        (int width, int rows, Action<int, Span<float>> row) =
            node.Operator is Conv2d layer ? Patches(layer, x) : Rows(x);
        double[] sums = [];
        for (int start = 0; start < rows; start += RowsAtOnce)
        {
            int count = Math.Min(RowsAtOnce, rows - start);
            float[] part = new float[checked(count * width)];
            for (int i = 0; i < count; i++)
            {
                row(start + i, part.AsSpan(i * width, width));
            }

            ReadOnlySpan<float> products =
                product(Tensor.From(part, [count, width]), start).ToRowMajor().AsSpan<float>();
            sums = sums.Length == 0 ? new double[products.Length] : sums;
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += products[i];
            }
        }

        return sums;
    }

    private static (int Width, int Rows, Action<int, Span<float>> Row) Rows(Tensor x)
    {
        int width = x.Shape[-1];
        float[] values = x.ToArray<float>();
        return (width, values.Length / width, (index, row) => values.AsSpan(index * width, width).CopyTo(row));
    }

    /// <summary>
    /// Returns the patches in the order of the weight <c>[C, KH, KW]</c>; positions outside the image are zero.
    /// </summary>
    private static (int Width, int Rows, Action<int, Span<float>> Row) Patches(Conv2d layer, Tensor x)
    {
        (int samples, int channels, int height, int width) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        Shape output = layer.InferShape([x.Shape], "calibration");
        float[] values = x.ToArray<float>();
        (Conv2dOptions options, (int kernelHeight, int kernelWidth)) = (layer.Options, layer.Kernel);
        void Row(int index, Span<float> row)
        {
            int sample = index / (output[2] * output[3]), place = index % (output[2] * output[3]);
            int top = (place / output[3] * options.Stride.Height) - options.Padding.Top,
                left = (place % output[3] * options.Stride.Width) - options.Padding.Left;
            int at = 0;
            for (int channel = 0; channel < channels; channel++)
            {
                int plane = ((sample * channels) + channel) * height * width;
                for (int i = 0; i < kernelHeight; i++)
                {
                    int y = top + (i * options.Dilation.Height);
                    for (int j = 0; j < kernelWidth; j++)
                    {
                        int across = left + (j * options.Dilation.Width);
                        bool isInside = (uint)y < (uint)height && (uint)across < (uint)width;
                        row[at++] = isInside ? values[plane + (y * width) + across] : 0;
                    }
                }
            }
        }

        return (channels * kernelHeight * kernelWidth, samples * output[2] * output[3], Row);
    }
}
