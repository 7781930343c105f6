using Temper.Kernels;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class LayerNormalizationTests
{
    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(0, 4)]
    [InlineData(1, 1)]
    [InlineData(3, 17)]
    [InlineData(40, 33)]
    [InlineData(300, 257)]
    public void Forward_and_gradient_match_plain_loops(int rows, int width)
    {
        const float Epsilon = 1e-5f;
        float[] x = Samples.Uniform(rows * width, 1, 9, 11), gain = Samples.Uniform(width, 2), shift = Samples.Uniform(width, 3);
        float[] dy = Samples.Uniform(x.Length, 4), y = new float[x.Length], moments = new float[2 * rows];
        float[] dx = new float[x.Length], dgain = new float[width], dshift = new float[width];
        LayerNormalization.Forward(x, gain, shift, Epsilon, moments, y);
        var gradient = new LayerNormGradient { X = x, Gain = gain, Moments = moments, Dy = dy, Dx = dx, Dgain = dgain, Dshift = dshift };
        LayerNormalization.Gradient(gradient);

        double[] sumGain = new double[width], sumShift = new double[width];
        for (int r = 0; r < rows; r++)
        {
            double[] row = [.. x.Skip(r * width).Take(width).Select(v => (double)v)];
            double mean = row.Average(), root = 1 / Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + Epsilon);
            double[] h = [.. row.Select(v => (v - mean) * root)], g = [.. h.Select((_, c) => (double)dy[(r * width) + c] * gain[c])];
            double meanG = g.Average(), meanGh = g.Zip(h, (a, b) => a * b).Average();
            for (int c = 0; c < width; c++)
            {
                Near.Equal((h[c] * gain[c]) + shift[c], y[(r * width) + c], 1e-5, "y");
                Near.Equal(root * (g[c] - meanG - (h[c] * meanGh)), dx[(r * width) + c], width == 1 ? 1e-2 : 1e-4, "dx");
                sumGain[c] += dy[(r * width) + c] * h[c];
                sumShift[c] += dy[(r * width) + c];
            }
        }

        Near.Equal(sumGain, dgain, 1e-4);
        Near.Equal(sumShift, dshift, 1e-5);

        // Frozen gain and shift: the same gradient of the input, without their sums.
        float[] alone = new float[x.Length];
        LayerNormalization.Gradient(new LayerNormGradient { X = x, Gain = gain, Moments = moments, Dy = dy, Dx = alone });
        Assert.Equal(dx, alone);
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads() => Near.SameForAnyThreads(() =>
    {
        const int Rows = 1000, Width = 100;
        float[] x = Samples.Uniform(Rows * Width, 1), gain = Samples.Uniform(Width, 2), moments = new float[2 * Rows], y = new float[x.Length];
        float[] dgain = new float[Width], dshift = new float[Width];
        LayerNormalization.Forward(x, gain, gain, 1e-5f, moments, y);
        LayerNormalization.Gradient(new LayerNormGradient { X = x, Gain = gain, Moments = moments, Dy = y, Dx = y, Dgain = dgain, Dshift = dshift });
        return [.. y, .. dgain, .. dshift];
    });

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Dropout_keeps_about_its_share_scales_it_and_repeats()
    {
        foreach (int length in Samples.Lengths)
        {
            float[] x = Samples.Uniform(length, 1, 1, 2), y = new float[length], uniform = new float[length];
            RandomStream stream = RandomStream.FromSeed(4);
            Dropout.Apply(stream.Generator, 0.75f, x, y);
            stream.Fill(uniform);
            Assert.Equal(x.Select((v, i) => uniform[i] < 0.75f ? v * (1 / 0.75f) : 0), y);
        }

        float[] ones = [1, 1, 1], result = new float[3];
        Dropout.Apply(RandomStream.FromSeed(1).Generator, 1, ones, result);
        Assert.Equal(ones, result);
        Dropout.Apply(RandomStream.FromSeed(1).Generator, 0, ones, result);
        Assert.Equal(new float[3], result);
    }

    [Fact]
    public void Dropout_does_not_depend_on_the_number_of_threads() => Near.SameForAnyThreads(() =>
    {
        float[] x = Samples.Uniform(100_003, 1);
        Dropout.Apply(RandomStream.FromSeed(4).Generator, 0.5f, x, x);
        return x;
    });
}
