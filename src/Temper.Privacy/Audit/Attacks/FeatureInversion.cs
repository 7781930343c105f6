using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;
using Temper.Tensors;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>
/// Recovers pictures from the features of a known convolution by least squares: <c>x = f Cᵀ (C Cᵀ)⁻¹</c>. <c>C Cᵀ</c>
/// couples only neighboring pixels, so in the order rows, pixels, channels it is a narrow band matrix.
/// </summary>
internal sealed class FeatureInversion
{
    private const double Ridge = 1e-12;

    private readonly AugConvSizes _sizes;
    private readonly Tensor _weights;
    private readonly Conv2dOptions _options;
    private readonly BandedCholesky _factor;

    /// <param name="sizes">Sizes of the convolution.</param>
    /// <param name="weights">Weights, <c>[O, C, KH, KW]</c>, in the order of the features' channels.</param>
    /// <param name="options">Stride and padding.</param>
    internal FeatureInversion(AugConvSizes sizes, Tensor weights, Conv2dOptions options)
    {
        (_sizes, _weights, _options) = (sizes, weights, options);
        int width =
            ((((sizes.KernelHeight - 1) * sizes.Width) + sizes.KernelWidth - 1) * sizes.Channels) + sizes.Channels - 1;
        _factor = new BandedCholesky(Band(width), sizes.Inputs, width, Ridge);
    }

    /// <summary>Recovers the pictures from feature maps.</summary>
    /// <param name="features"><c>[N, O, OH, OW]</c>.</param>
    /// <returns><c>[N, C H W]</c>.</returns>
    internal float[] Pictures(Tensor features)
    {
        float[] projected = Projected(features);
        double[] rows = new double[projected.Length];
        int plane = _sizes.Height * _sizes.Width, channels = _sizes.Channels;
        for (int i = 0; i < rows.Length; i++)
        {
            rows[Ordered(i)] = projected[i];
        }

        _factor.Solve(rows);
        for (int i = 0; i < rows.Length; i++)
        {
            projected[i] = (float)rows[Ordered(i)];
        }

        return projected;

        // Converts an index in [N, C, H W] to an index in [N, H W, C].
        int Ordered(int index)
        {
            (int line, int pixel) = Math.DivRem(index, plane);
            (int image, int channel) = Math.DivRem(line, channels);
            return (((image * plane) + pixel) * channels) + channel;
        }
    }

    /// <summary>
    /// Computes <c>f Cᵀ</c>, the transposed convolution; output padding covers pixels at the end that no kernel
    /// reaches.
    /// </summary>
    private float[] Projected(Tensor features)
    {
        (int height, int width) = _options.Stride;
        Padding2d pad = _options.Padding;
        Conv2dOptions options = _options with
        {
            OutputPadding = (
                (_sizes.Height + pad.Top + pad.Bottom - _sizes.KernelHeight) % height,
                (_sizes.Width + pad.Left + pad.Right - _sizes.KernelWidth) % width),
        };
        return features.ConvTranspose2d(_weights, bias: null, options).ToArray<float>();
    }

    /// <summary>Computes <c>C Cᵀ</c>: each output pixel adds the products of its kernel positions.</summary>
    private double[] Band(int width)
    {
        AugConvSizes s = _sizes;
        int positions = s.Channels * s.KernelHeight * s.KernelWidth;
        double[] products = DenseMatrix.Gram(_weights.AsSpan<float>(), s.Outputs, positions),
            band = new double[s.Inputs * (width + 1)];
        int[] offsets = new int[positions];
        for (int pixel = 0; pixel < s.Pixels; pixel++)
        {
            for (int position = 0; position < positions; position++)
            {
                int channel = position / (s.KernelHeight * s.KernelWidth);
                (int u, int v) = (position / s.KernelWidth % s.KernelHeight, position % s.KernelWidth);
                int y = (pixel / s.OutWidth * s.StrideHeight) - s.PadTop + u,
                    x = (pixel % s.OutWidth * s.StrideWidth) - s.PadLeft + v;
                offsets[position] =
                    y < 0 || x < 0 || y >= s.Height || x >= s.Width ? -1 : (((y * s.Width) + x) * s.Channels) + channel;
            }

            for (int a = 0; a < positions; a++)
            {
                for (int b = 0; b < positions; b++)
                {
                    if (offsets[a] >= 0 && offsets[b] >= 0 && offsets[b] <= offsets[a])
                    {
                        band[(offsets[a] * (width + 1)) + offsets[b] - offsets[a] + width] +=
                            products[(a * positions) + b];
                    }
                }
            }
        }

        return band;
    }
}
