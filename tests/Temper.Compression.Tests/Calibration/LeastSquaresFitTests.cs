using Temper.Compression.Calibration;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Compression.Tests.Calibration;

public sealed class LeastSquaresFitTests
{
    private const int Width = 7, Outputs = 3, Rows = 30;

    /// <summary>
    /// Each output keeps its own subset of the weights; the fit is the ridge regression on that subset.
    /// </summary>
    [Fact]
    public void Weights_that_stay_solve_the_normal_equations()
    {
        float[] x = Samples.Gaussian(Rows * Width, 1), y = Samples.Gaussian(Rows * Outputs, 2), start = Samples.Gaussian(Outputs * Width, 3);
        double[] moments = Products(x, Width, x, Width), products = Products(x, Width, y, Outputs);
        bool[] keeps = [.. Enumerable.Range(0, Outputs * Width).Select(i => i % 4 != 1)];
        float[] fitted = [.. start];
        LeastSquaresFit.Fit(fitted, keeps, moments, products);
        double ridge = 0.01 * Enumerable.Range(0, Width).Average(i => moments[(i * Width) + i]);
        for (int output = 0; output < Outputs; output++)
        {
            int[] kept = [.. Enumerable.Range(0, Width).Where(i => keeps[(output * Width) + i])];
            double[,] a = new double[kept.Length, kept.Length + 1];
            for (int i = 0; i < kept.Length; i++)
            {
                for (int j = 0; j < kept.Length; j++)
                {
                    a[i, j] = moments[(kept[i] * Width) + kept[j]] + (i == j ? ridge : 0);
                }

                a[i, kept.Length] = products[(kept[i] * Outputs) + output] + (ridge * start[(output * Width) + kept[i]]);
            }

            double[] expected = Elimination.Solve(a);
            for (int i = 0; i < Width; i++)
            {
                int index = Array.IndexOf(kept, i);
                Assert.Equal(index < 0 ? 0 : expected[index], fitted[(output * Width) + i], 1e-4);
            }
        }
    }

    /// <summary>
    /// An output without remaining weights becomes zero; weights of inputs that are always zero do not change.
    /// </summary>
    [Fact]
    public void Nothing_to_fit_is_no_error()
    {
        float[] weights = [1, 2, 3, 4];
        LeastSquaresFit.Fit(weights, [false, false, true, true], new double[4], new double[4]);
        Assert.Equal([0, 0, 3, 4], weights);
    }

    [Fact]
    public void Products_of_a_convolution_are_those_of_its_patches()
    {
        var layer = new Conv2d(2, (3, 2)) { Options = Conv2dOptions.Of(stride: 2, padding: 1) };
        Tensor x = Samples.GaussianTensor([2, 2, 5, 4], 4);
        int width = 2 * 3 * 2;
        Tensor[] picked = [.. Enumerable.Range(0, width).Select(i => x.Conv2d(
            Tensor.From([.. Enumerable.Range(0, width).Select(j => i == j ? 1f : 0f)], [1, 2, 3, 2]), null, layer.Options))];
        Tensor y = Samples.GaussianTensor([2, 2, picked[0].Shape[2], picked[0].Shape[3]], 5);
        double[] products = LayerInputs.Products(new Node { Name = "c", Operator = layer, Inputs = ["x"] }, x, y);
        for (int i = 0; i < width; i++)
        {
            for (int output = 0; output < 2; output++)
            {
                Assert.Equal((picked[i] * y.Slice(1, output, output + 1)).Sum().ToScalar(), products[(i * 2) + output], 1e-3);
            }
        }
    }

    private static double[] Products(float[] x, int width, float[] y, int outputs)
    {
        double[] sums = new double[width * outputs];
        for (int row = 0; row < Rows; row++)
        {
            for (int i = 0; i < width; i++)
            {
                for (int j = 0; j < outputs; j++)
                {
                    sums[(i * outputs) + j] += (double)x[(row * width) + i] * y[(row * outputs) + j];
                }
            }
        }

        return sums;
    }
}
