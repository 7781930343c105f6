using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;
using Temper.Tensors;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>
/// Pictures from the features of a known convolution by least squares: <c>x = f Cᵀ (C Cᵀ)⁻¹</c>. A pixel meets only its neighbors in <c>C Cᵀ</c>, so in
/// the order of rows, pixels, channels that matrix is a narrow band.
/// </summary>
internal sealed class FeatureInversion
{
    private const double Ridge = 1e-12;

    private readonly AugConvSizes _sizes;
    private readonly Tensor _weights;
    private readonly Conv2dOptions _options;
    private readonly BandedCholesky _factor;

    /// <param name="sizes">Sizes of the convolution.</param>
    /// <param name="weights"><c>[O, C, KH, KW]</c> in the order of the features' channels.</param>
    /// <param name="options">Stride and padding.</param>
    internal FeatureInversion(AugConvSizes sizes, Tensor weights, Conv2dOptions options)
    {
        (_sizes, _weights, _options) = (sizes, weights, options);
        int width = ((((sizes.KernelHeight - 1) * sizes.Width) + sizes.KernelWidth - 1) * sizes.Channels) + sizes.Channels - 1;
        _factor = new BandedCholesky(Band(width), sizes.Inputs, width, Ridge);
    }

    /// <summary>The pictures of some feature maps.</summary>
    /// <param name="features"><c>[N, O, OH, OW]</c>.</param>
    /// <returns><c>[N, C H W]</c>.</returns>
    internal float[] Pictures(Tensor features)
    {
        int count = features.Shape[0], plane = _sizes.Height * _sizes.Width;
        float[] projected = Projected(features);
        double[] rows = new double[projected.Length];
        Reorder(count, (image, ordered) => rows[ordered] = projected[image]);
        _factor.Solve(rows);
        Reorder(count, (image, ordered) => projected[image] = (float)rows[ordered]);
        return projected;

        void Reorder(int images, Action<int, int> move)
        {
            for (int n = 0; n < images; n++)
            {
                for (int c = 0; c < _sizes.Channels; c++)
                {
                    for (int pixel = 0; pixel < plane; pixel++)
                    {
                        move((n * _sizes.Inputs) + (c * plane) + pixel, (n * _sizes.Inputs) + (pixel * _sizes.Channels) + c);
                    }
                }
            }
        }
    }

    /// <summary><c>f Cᵀ</c>: the gradient of the convolution's input.</summary>
    private float[] Projected(Tensor features)
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Tensor.Zeros([features.Shape[0], _sizes.Channels, _sizes.Height, _sizes.Width]));
        Tensor y = x.Conv2d(_weights, bias: null, _options);
        return tape.Gradient([(y, features)], [x])[x].ToArray<float>();
    }

    /// <summary><c>C Cᵀ</c>: every output pixel adds the products of its taps.</summary>
    private double[] Band(int width)
    {
        AugConvSizes s = _sizes;
        ReadOnlySpan<float> w = _weights.AsSpan<float>();
        int taps = s.Channels * s.KernelHeight * s.KernelWidth;
        double[] products = new double[taps * taps], band = new double[s.Inputs * (width + 1)];
        for (int o = 0; o < s.Outputs; o++)
        {
            for (int a = 0; a < taps; a++)
            {
                for (int b = 0; b < taps; b++)
                {
                    products[(a * taps) + b] += (double)w[(o * taps) + a] * w[(o * taps) + b];
                }
            }
        }

        int[] places = new int[taps];
        for (int pixel = 0; pixel < s.Pixels; pixel++)
        {
            for (int tap = 0; tap < taps; tap++)
            {
                (int channel, int u, int v) = (tap / (s.KernelHeight * s.KernelWidth), tap / s.KernelWidth % s.KernelHeight, tap % s.KernelWidth);
                int y = (pixel / s.OutWidth * s.StrideHeight) - s.PadTop + u, x = (pixel % s.OutWidth * s.StrideWidth) - s.PadLeft + v;
                places[tap] = y < 0 || x < 0 || y >= s.Height || x >= s.Width ? -1 : (((y * s.Width) + x) * s.Channels) + channel;
            }

            for (int a = 0; a < taps; a++)
            {
                for (int b = 0; b < taps; b++)
                {
                    if (places[a] >= 0 && places[b] >= 0 && places[b] <= places[a])
                    {
                        band[(places[a] * (width + 1)) + places[b] - places[a] + width] += products[(a * taps) + b];
                    }
                }
            }
        }

        return band;
    }
}
