using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class PoolingTests
{
    /// <summary>
    /// Plain description of a window; the reference implementation below does not use <see cref="PoolingAxis"/>.
    /// </summary>
    public sealed record Window(int Size, int Kernel, int Stride, int Before, int After, int Dilation, bool Ceiling, bool CountsPadding)
    {
        internal PoolingAxis Axis => PoolingAxis.Sliding(Size, Kernel, Stride, (Before, After), Dilation, Ceiling, CountsPadding);
    }

    public static TheoryData<int, int, Window, Window> Cases
    {
        get
        {
            var cases = new TheoryData<int, int, Window, Window>();
            foreach (int channels in (int[])[1, 2, 3, 6, 11, 15, 16, 20, 22, 28, 33])
            {
                cases.Add(2, channels, new Window(8, 2, 2, 0, 0, 1, false, false), new Window(6, 2, 2, 0, 0, 1, false, false));
                cases.Add(2, channels, new Window(7, 3, 2, 1, 1, 1, false, true), new Window(9, 3, 2, 1, 1, 1, false, true));
                cases.Add(1, channels, new Window(7, 2, 2, 0, 0, 1, true, true), new Window(8, 3, 3, 1, 0, 1, true, true));
                cases.Add(1, channels, new Window(11, 3, 1, 2, 2, 2, false, false), new Window(10, 2, 3, 1, 1, 3, true, false));
            }

            cases.Add(0, 4, new Window(8, 2, 2, 0, 0, 1, false, false), new Window(6, 2, 2, 0, 0, 1, false, false));
            cases.Add(1, 4, new Window(1, 2, 2, 0, 0, 1, false, false), new Window(6, 2, 2, 0, 0, 1, false, false));
            return cases;
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Cases))]
    public void Maximum_and_its_gradient_match_plain_loops(int batch, int channels, Window height, Window width)
    {
        var sizes = new PoolingSizes(batch, channels, height.Axis, width.Axis);
        float[] x = Samples.Uniform(batch * height.Size * width.Size * channels, 1);
        int outputs = batch * sizes.Height.Outputs * sizes.Width.Outputs * channels;
        float[] y = new float[outputs], taps = new float[outputs], dy = Samples.Uniform(outputs, 2), dx = new float[x.Length];
        Pooling.Maximum(sizes, x, y, taps);
        Array.Fill(dx, 99);
        Pooling.MaximumGradient(sizes, dy, taps, dx);
        float[] expected = new float[x.Length];
        ForEachWindow(sizes, height, width, (output, inside, _) =>
        {
            int best = -1;
            foreach (int i in inside)
            {
                best = best < 0 || x[i] > x[best] ? i : best;
            }

            Assert.Equal(best < 0 ? float.NegativeInfinity : x[best], y[output]);
            if (best >= 0)
            {
                expected[best] += dy[output];
            }
        });
        Near.Equal([.. expected.Select(v => (double)v)], dx, 1e-6);
        float[] without = new float[outputs];
        Pooling.Maximum(sizes, x, without, []);
        Assert.Equal(y, without);
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Cases))]
    public void Average_and_its_gradient_match_plain_loops(int batch, int channels, Window height, Window width)
    {
        var sizes = new PoolingSizes(batch, channels, height.Axis, width.Axis);
        float[] x = Samples.Uniform(batch * height.Size * width.Size * channels, 1);
        int outputs = batch * sizes.Height.Outputs * sizes.Width.Outputs * channels;
        float[] y = new float[outputs], dy = Samples.Uniform(outputs, 2), dx = new float[x.Length];
        Pooling.Average(sizes, x, y);
        Array.Fill(dx, 99);
        Pooling.AverageGradient(sizes, dy, dx);
        double[] expected = new double[x.Length];
        ForEachWindow(sizes, height, width, (output, inside, divisor) =>
        {
            if (divisor > 0)
            {
                Near.Equal(inside.Sum(i => (double)x[i]) / divisor, y[output], 1e-6, $"{output}");
            }

            foreach (int i in inside)
            {
                expected[i] += (double)dy[output] / divisor;
            }
        });
        Near.Equal(expected, dx, 1e-6);
    }

    [Theory]
    [InlineData(7, 3)]
    [InlineData(4, 4)]
    [InlineData(3, 5)]
    [InlineData(8, 1)]
    public void Adaptive_windows_are_those_of_PyTorch(int inputs, int outputs)
    {
        var axis = PoolingAxis.Adaptive(inputs, outputs);
        for (int o = 0; o < outputs; o++)
        {
            Assert.Equal((int)Math.Floor((double)o * inputs / outputs), axis.Starts[o]);
            Assert.Equal((int)Math.Ceiling((double)(o + 1) * inputs / outputs), axis.Ends[o]);
        }
    }

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Maximum_of_a_window_with_NaN_is_NaN()
    {
        for (int at = 0; at < 4; at++)
        {
            float[] x = [1, 2, 3, 4], y = new float[1];
            x[at] = float.NaN;
            var axis = PoolingAxis.Sliding(2, 2, 2, (0, 0), 1, ceiling: false, countsPadding: false);
            Pooling.Maximum(new PoolingSizes(1, 1, axis, axis), x, y, []);
            Assert.True(float.IsNaN(y[0]));
        }
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads() => Near.SameForAnyThreads(() =>
    {
        var axis = PoolingAxis.Sliding(20, 3, 2, (1, 1), 1, ceiling: false, countsPadding: false);
        var sizes = new PoolingSizes(9, 20, axis, axis);
        float[] x = Samples.Uniform(9 * 20 * 20 * 20, 1), y = new float[9 * 10 * 10 * 20], taps = new float[y.Length];
        Pooling.Maximum(sizes, x, y, taps);
        Pooling.MaximumGradient(sizes, y, taps, x);
        return [.. y, .. x];
    });

    /// <summary>
    /// Calls <paramref name="action"/> with the index of the output, the input indices inside its window in order, and
    /// the divisor of an average.
    /// </summary>
    private static void ForEachWindow(PoolingSizes sizes, Window height, Window width, Action<int, List<int>, int> action)
    {
        for (int output = 0; output < sizes.Batch * sizes.Height.Outputs * sizes.Width.Outputs * sizes.Channels; output++)
        {
            int c = output % sizes.Channels, ow = output / sizes.Channels % sizes.Width.Outputs;
            int oh = output / sizes.Channels / sizes.Width.Outputs % sizes.Height.Outputs;
            int n = output / sizes.Channels / sizes.Width.Outputs / sizes.Height.Outputs;
            var inside = new List<int>();
            int divisor = 0;
            for (int kh = 0; kh < height.Kernel; kh++)
            {
                for (int kw = 0; kw < width.Kernel; kw++)
                {
                    int h = (oh * height.Stride) - height.Before + (kh * height.Dilation);
                    int w = (ow * width.Stride) - width.Before + (kw * width.Dilation);
                    bool isInside = h >= 0 && h < height.Size && w >= 0 && w < width.Size;
                    bool isPadded = height.CountsPadding && h < height.Size + height.After && w < width.Size + width.After;
                    divisor += isInside || isPadded ? 1 : 0;
                    if (isInside)
                    {
                        inside.Add((((((n * height.Size) + h) * width.Size) + w) * sizes.Channels) + c);
                    }
                }
            }

            action(output, inside, divisor);
        }
    }
}
