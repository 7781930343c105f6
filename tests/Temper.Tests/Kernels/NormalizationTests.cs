using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class NormalizationTests
{
    public static TheoryData<int, int> Sizes
    {
        get
        {
            (int Rows, int Channels)[] all =
            [
                (0, 5), (1, 3), (7, 1), (20_000, 3), (3000, 33), .. ((int[])[6, 8, 15, 16, 17, 20, 64, 100]).Select(channels => (131, channels)),
            ];
            var sizes = new TheoryData<int, int>();
            foreach ((int rows, int channels) in VectorWidths.Sizes(all, size => (long)size.Rows * size.Channels, most: 20_000))
            {
                sizes.Add(rows, channels);
            }

            return sizes;
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Sizes))]
    public void Statistics_match_two_passes_in_double(int rows, int channels)
    {
        float[] x = Samples.Uniform(rows * channels, 1, 99, 101), mean = new float[channels], variance = new float[channels];
        Normalization.Statistics(x, mean, variance);
        for (int c = 0; c < channels; c++)
        {
            double[] column = Column(x, c, channels);
            double expected = rows == 0 ? 0 : column.Average();
            Near.Equal(expected, mean[c], 1e-7, "mean");
            Near.Equal(rows == 0 ? 0 : column.Average(v => (v - expected) * (v - expected)), variance[c], 1e-5, "variance");
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Sizes))]
    public void Apply_scales_shifts_adds_and_cuts(int rows, int channels)
    {
        float[] x = Samples.Uniform(rows * channels, 1), gain = Samples.Uniform(channels, 2), offset = Samples.Uniform(channels, 3);
        float[] residual = Samples.Uniform(x.Length, 4), y = new float[x.Length];
        for (int form = 0; form < 4; form++)
        {
            bool adds = (form & 1) != 0, relu = (form & 2) != 0;
            Normalization.Apply(x, gain, offset, adds ? residual : [], relu, y);
            Near.Equal(
                [
                    .. x.Select((v, i) =>
                    {
                        double z = ((double)gain[i % channels] * v) + offset[i % channels] + (adds ? residual[i] : 0);
                        return relu ? Math.Max(z, 0) : z;
                    }),
                ],
                y,
                1e-6);
        }

        Normalization.Apply(x, gain, offset, residual, relu: true, x);
        Assert.Equal(y, x);
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Sizes))]
    public void Gradient_passes_match_plain_loops(int rows, int channels)
    {
        float[] x = Samples.Uniform(rows * channels, 1), dy = Samples.Uniform(x.Length, 2), output = Samples.Uniform(x.Length, 3);
        float[] mean = Samples.Uniform(channels, 4), factors = Samples.Uniform(3 * channels, 5);
        float[] dx = new float[x.Length], masked = new float[x.Length];
        double[] sums = new double[2 * channels];
        foreach (bool relu in (bool[])[false, true])
        {
            double[] d = [.. dy.Select((v, i) => relu && output[i] <= 0 ? 0 : (double)v)];
            Normalization.GradientSums(dy, relu ? output : [], x, mean, sums);
            for (int c = 0; c < channels; c++)
            {
                double sum = 0, dot = 0;
                for (int r = 0; r < rows; r++)
                {
                    sum += d[(r * channels) + c];
                    dot += d[(r * channels) + c] * (x[(r * channels) + c] - (double)mean[c]);
                }

                Near.Equal(sum, (float)sums[c], 2e-5, "sum");
                Near.Equal(dot, (float)sums[channels + c], 2e-5, "dot");
            }

            Normalization.Gradient(dy, relu ? output : [], x, factors, dx, masked);
            Near.Equal(d, masked, 0);
            Near.Equal(
                [
                    .. d.Select((v, i) => (factors[i % channels] * v) + (factors[channels + (i % channels)] * (double)x[i])
                        + factors[(2 * channels) + (i % channels)]),
                ],
                dx,
                1e-6);
        }
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads() => Near.SameForAnyThreads(() =>
    {
        float[] x = Samples.Uniform(30_000 * 7, 1), mean = new float[7], variance = new float[7];
        Normalization.Statistics(x, mean, variance);
        double[] sums = new double[14];
        Normalization.GradientSums(x, x, x, mean, sums);
        return [.. mean, .. variance, .. sums.Select(s => (float)s)];
    });

    private static double[] Column(float[] x, int c, int channels) => [.. Enumerable.Range(0, x.Length / channels).Select(r => (double)x[(r * channels) + c])];
}
