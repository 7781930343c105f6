using Temper.Compression.Calibration;
using Temper.Compression.Pruning;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Compression.Tests.Calibration;

public sealed class OptimalBrainSurgeonTests
{
    private const int Width = 6;

    /// <summary>
    /// After the first weights are removed, the others are the least-squares solution <c>H_kk w_k' = H_k: w</c>, where
    /// k are the remaining weights.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void What_is_left_is_the_least_squares_fit(int removed)
    {
        double[] moments = Moments();
        float[] weights = Samples.Gaussian(Width, 2), fitted = [.. weights];
        bool[] keeps = [.. Enumerable.Range(0, Width).Select(i => i >= removed)];
        new OptimalBrainSurgeon(moments, Width).Prune(fitted, keeps);
        double[] expected = MinSquares(Damped(moments), weights, removed);
        for (int i = 0; i < Width; i++)
        {
            Assert.Equal(i < removed ? 0 : expected[i - removed], fitted[i], 1e-4);
        }
    }

    /// <summary>
    /// The cost of the first weight is the increase of the squared error after all other weights compensate for its
    /// removal.
    /// </summary>
    [Fact]
    public void The_cost_is_the_error_that_is_left()
    {
        double[] moments = Moments(), damped = Damped(moments);
        float[] weights = Samples.Gaussian(Width, 3), fitted = [.. weights];
        var surgeon = new OptimalBrainSurgeon(moments, Width);
        surgeon.Prune(fitted, [.. Enumerable.Range(0, Width).Select(i => i > 0)]);
        double error = 0;
        for (int i = 0; i < Width; i++)
        {
            for (int j = 0; j < Width; j++)
            {
                error += (fitted[i] - weights[i]) * damped[(i * Width) + j] * (fitted[j] - weights[j]);
            }
        }

        Assert.Equal(error, surgeon.Cost(weights[0], 0), error * 1e-3);
    }

    /// <summary>
    /// Compares the moments of patches with convolutions by one-hot kernels, each of which selects one element.
    /// </summary>
    [Fact]
    public void Moments_of_a_convolution_are_those_of_its_patches()
    {
        var layer = new Conv2d(1, (3, 2)) { Options = Conv2dOptions.Of(stride: 2, padding: 1) };
        Tensor x = Samples.GaussianTensor([2, 2, 5, 4], 4);
        double[] moments = LayerInputs.Moments(new Node { Name = "c", Operator = layer, Inputs = ["x"] }, x);
        int width = 2 * 3 * 2;
        Tensor[] picked = [.. Enumerable.Range(0, width).Select(i => x.Conv2d(Tensor.From([.. Enumerable.Range(0, width).Select(j => i == j ? 1f : 0f)], [1, 2, 3, 2]), null, layer.Options))];
        for (int i = 0; i < width; i++)
        {
            for (int j = 0; j < width; j++)
            {
                Assert.Equal((picked[i] * picked[j]).Sum().ToScalar(), moments[(i * width) + j], 1e-3);
            }
        }
    }

    [Fact]
    public void A_calibrated_network_is_nearer_to_the_dense_one_than_one_pruned_by_magnitude()
    {
        Network dense = Network.Build(InputSpec.Image(2, 8, 8), x => x.Conv2d(12, 3, padding: 1, bias: false, name: "a").BatchNorm().Relu()
            .Conv2d(12, 3, padding: 1, name: "b").Relu().GlobalAvgPool2d().Flatten().Linear(5, name: "c")).Initialize(RandomStream.FromSeed(6));

        // Neighboring pixels are correlated, as in natural images; only then can one weight compensate for another.
        static Tensor Smooth(ulong seed) => Samples.GaussianTensor([64, 2, 12, 12], seed).AvgPool2d(Pool2dOptions.Of(5, stride: 1));
        Tensor samples = Smooth(7), others = Smooth(8);
        Network calibrated = dense.PruneCalibrated(samples, 0.6);
        Network magnitude = dense.Prune(PruningRule.GlobalSparsity(0.6));
        double Error(Network network) => (network.Forward(others) - dense.Forward(others)).Pow(2).Sum().ToScalar();
        Assert.True(Error(calibrated) < 0.6 * Error(magnitude), $"{Error(calibrated)} against {Error(magnitude)}");
        Assert.Equal(0.6, 1 - (SparsityReport.Of(calibrated).Nonzero / (double)SparsityReport.Of(calibrated).Total), 0.01);
    }

    private static double[] Moments()
    {
        float[] x = Samples.Gaussian(20 * Width, 1);
        double[] moments = new double[Width * Width];
        for (int row = 0; row < 20; row++)
        {
            for (int i = 0; i < Width; i++)
            {
                for (int j = 0; j < Width; j++)
                {
                    moments[(i * Width) + j] += (double)x[(row * Width) + i] * x[(row * Width) + j];
                }
            }
        }

        return moments;
    }

    private static double[] Damped(double[] moments)
    {
        double mean = Enumerable.Range(0, Width).Average(i => moments[(i * Width) + i]);
        return [.. moments.Select((value, i) => i / Width == i % Width ? value + (0.01 * mean) + 1e-10 : value)];
    }

    /// <summary>Solves for the remaining weights by Gaussian elimination.</summary>
    private static double[] MinSquares(double[] h, float[] w, int removed)
    {
        int n = Width - removed;
        double[,] a = new double[n, n + 1];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                a[i, j] = h[((i + removed) * Width) + j + removed];
            }

            for (int j = 0; j < Width; j++)
            {
                a[i, n] += h[((i + removed) * Width) + j] * w[j];
            }
        }

        return Elimination.Solve(a);
    }
}
