using Temper.Kernels;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class ConvolutionTests
{
    // batch, height, width, in, out, kernel h/w, stride h/w, pads t/l/b/r, dilation h/w, groups
    private static readonly int[][] Table =
    [
        [1, 5, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1],
        [2, 7, 6, 3, 10, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [9, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [8, 8, 8, 16, 32, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1],
        [3, 9, 17, 17, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [17, 4, 4, 50, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [10, 12, 12, 1, 20, 5, 5, 1, 1, 0, 0, 0, 0, 1, 1, 1],
        [4, 14, 14, 1, 6, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, 1],
        [9, 14, 14, 6, 16, 5, 5, 1, 1, 0, 0, 0, 0, 1, 1, 1],
        [9, 12, 12, 20, 50, 5, 5, 1, 1, 0, 0, 0, 0, 1, 1, 1],
        [2, 9, 9, 4, 6, 3, 3, 3, 3, 0, 1, 2, 1, 1, 1, 1],
        [8, 9, 10, 6, 8, 3, 2, 2, 3, 1, 0, 0, 2, 2, 1, 2],
        [3, 10, 9, 4, 8, 3, 3, 1, 2, 2, 2, 2, 2, 2, 2, 1],
        [2, 8, 8, 33, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 33],
        [5, 7, 7, 20, 20, 5, 3, 2, 2, 2, 1, 2, 1, 1, 1, 20],
        [3, 6, 6, 12, 8, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4],
        [2, 2, 2, 5, 7, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, 1],
        [8, 4, 4, 200, 520, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [2, 3, 3, 520, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [8, 6, 6, 64, 64, 3, 3, 1, 1, 0, 0, 0, 0, 1, 1, 1],
        [3, 9, 9, 3, 50, 7, 7, 2, 2, 3, 3, 3, 3, 1, 1, 1],
        [1, 8, 8, 64, 48, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1],
        [16, 4, 4, 64, 33, 1, 1, 2, 2, 0, 0, 0, 0, 1, 1, 1],
        [2, 11, 5, 2, 3, 4, 4, 4, 4, 0, 0, 0, 0, 1, 1, 1],
        [4, 36, 35, 16, 50, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [12, 11, 24, 70, 33, 3, 3, 1, 1, 0, 1, 2, 1, 1, 1, 1],
        [16, 8, 8, 64, 80, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [6, 30, 23, 20, 17, 3, 3, 1, 1, 3, 4, 0, 3, 1, 1, 1],
        [1, 8, 64, 17, 18, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [2, 6, 61, 1, 7, 5, 9, 1, 1, 2, 4, 2, 4, 1, 1, 1],
        [3, 9, 40, 1, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1],
        [2, 9, 32, 1, 6, 3, 2, 1, 1, 2, 2, 2, 2, 2, 2, 1],
        [2, 20, 17, 1, 6, 3, 3, 5, 1, 0, 1, 0, 1, 1, 1, 1],
        [0, 5, 5, 3, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    ];

    public static TheoryData<int[]> Geometries => new(Tested);

    private static IEnumerable<int[]> Tested => VectorWidths.Sizes(Table, Products, most: 2_500_000);

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Geometries))]
    public void Three_passes_match_plain_loops(int[] sizes)
    {
        (ConvolutionGeometry g, ReferenceGeometry r) = Make(sizes);
        float[] x = Random((int)g.InCount, 1), w = Random((int)g.WeightCount, 2), dy = Random((int)g.OutCount, 3);
        double[] y = new double[g.OutCount], dx = new double[g.InCount], dw = new double[g.WeightCount];
        ReferenceConvolution.Visit(r, (i, k, o) =>
        {
            y[o] += (double)x[i] * w[k];
            dx[i] += (double)dy[o] * w[k];
            dw[k] += (double)dy[o] * x[i];
        });
        float[] result = Random(y.Length, 4);
        Convolution.Forward(g, x, w, result, default);
        Near(y, result, "forward");
        float[] gradient = Random(dx.Length, 5);
        Convolution.BackwardData(g, dy, w, gradient);
        Near(dx, gradient, "backward data");
        float[] weights = Random(dw.Length, 6);
        Convolution.BackwardWeights(g, x, dy, weights);
        Near(dw, weights, "backward weights");
    }

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void All_passes_of_Winograd_are_among_them()
    {
        int least = VectorWidths.Expected is null ? 4 : 1;
        Assert.True(Tested.Count(sizes => Winograd.IsFaster(Make(sizes).Geometry, isBackward: false)) >= least);
        Assert.True(Tested.Count(sizes => Winograd.IsFaster(Make(sizes).Geometry, isBackward: true)) >= least);
        Assert.True(Tested.Count(sizes => Winograd.IsFasterForWeights(Make(sizes).Geometry)) >= least);
    }

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Gradients_of_few_input_channels_are_among_them() =>
        Assert.True(Simd.Active < SimdWidth.Vector256 || Tested.Count(sizes => MergedColumns.Fit(Make(sizes).Geometry)) >= 6);

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Gradients_of_one_input_channel_are_among_them() =>
        Assert.True(Simd.Active < SimdWidth.Vector256 || Tested.Count(sizes => SingleChannelGradient.Fit(Make(sizes).Geometry)) >= 4);

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Geometries))]
    public void Epilogue_matches_separate_steps(int[] sizes)
    {
        (ConvolutionGeometry g, _) = Make(sizes);
        float[] x = Random((int)g.InCount, 1), w = Random((int)g.WeightCount, 2), bias = Random(g.OutChannels, 7);
        float[] residual = Random((int)g.OutCount, 8), plain = new float[g.OutCount], fused = new float[g.OutCount];
        Convolution.Forward(g, x, w, plain, default);
        Convolution.Forward(g, x, w, fused, new ConvolutionEpilogue { Bias = bias, Residual = residual, Relu = true });
        for (int i = 0; i < plain.Length; i++)
        {
            Assert.Equal(Math.Max(plain[i] + bias[i % bias.Length] + residual[i], 0), fused[i], 2e-5f);
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Geometries))]
    public void Statistics_match_double_precision_far_from_zero(int[] sizes)
    {
        (ConvolutionGeometry g, _) = Make(sizes);
        float[] x = Random((int)g.InCount, 1), w = Random((int)g.WeightCount, 2), y = new float[g.OutCount];
        float[] bias = new float[g.OutChannels], mean = new float[g.OutChannels], variance = new float[g.OutChannels];
        Array.Fill(bias, 30f);
        Convolution.Forward(g, x, w, y, new ConvolutionEpilogue { Bias = bias, Mean = mean, Variance = variance });
        for (int c = 0; c < g.OutChannels && y.Length > 0; c++)
        {
            double[] values = y.Where((_, i) => i % g.OutChannels == c).Select(v => (double)v).ToArray();
            double average = values.Average();
            double expected = values.Select(v => (v - average) * (v - average)).Average();
            Assert.Equal(average, mean[c], 5e-5);
            Assert.True(Math.Abs(expected - variance[c]) <= (2e-5 * expected) + 1e-9, $"variance {variance[c]} for {expected}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(25)]
    public void Passes_give_equal_bytes_for_any_number_of_threads(int row)
    {
        (ConvolutionGeometry g, _) = Make(Table[row]);
        float[] x = Random((int)g.InCount, 1), w = Random((int)g.WeightCount, 2), dy = Random((int)g.OutCount, 3);
        List<float[]> expected = [];
        foreach (int threads in new[] { 1, 2, 3, 8 })
        {
            using var pool = new WorkerPool(threads);
            using WorkerPool.Usage usage = pool.Use();
            float[] y = new float[g.OutCount], dx = new float[g.InCount], dw = new float[g.WeightCount];
            float[] mean = new float[g.OutChannels], variance = new float[g.OutChannels];
            Convolution.Forward(g, x, w, y, new ConvolutionEpilogue { Mean = mean, Variance = variance });
            Convolution.BackwardData(g, dy, w, dx);
            Convolution.BackwardWeights(g, x, dy, dw);
            List<float[]> all = [y, dx, dw, mean, variance];
            expected = expected.Count == 0 ? all : expected;
            Assert.Equal(expected, all);
        }
    }

    internal static (ConvolutionGeometry Geometry, ReferenceGeometry Reference) Make(int[] s)
    {
        var r = new ReferenceGeometry(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12], s[13], s[14], s[15]);
        var g = new ConvolutionGeometry
        {
            Batch = s[0], InHeight = s[1], InWidth = s[2], InChannels = s[3], OutChannels = s[4], KernelHeight = s[5], KernelWidth = s[6],
            StrideHeight = s[7], StrideWidth = s[8], PadTop = s[9], PadLeft = s[10], PadBottom = s[11], PadRight = s[12],
            DilationHeight = s[13], DilationWidth = s[14], Groups = s[15],
        };
        Assert.Equal((r.OutHeight, r.OutWidth), (g.OutHeight, g.OutWidth));
        return (g, r);
    }

    private static long Products(int[] sizes)
    {
        ConvolutionGeometry g = Make(sizes).Geometry;
        return g.OutCount * g.GroupInputs * g.Positions;
    }

    private static void Near(double[] expected, float[] actual, string pass)
    {
        double scale = 1 + expected.Select(Math.Abs).DefaultIfEmpty().Max();
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) < 1e-5 * scale, $"{pass} at {i}: {actual[i]} for {expected[i]}");
        }
    }

    private static float[] Random(int count, int seed)
    {
        float[] values = new float[count];
        RandomStream.FromSeed((ulong)seed).FillUniform(values, -1, 1);
        return values;
    }
}
