using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Tensors;

/// <summary>Tests the steps of projected gradient attacks against plain loops.</summary>
public sealed class PerturbationBallTests
{
    public static TheoryData<int, int> Sizes
    {
        get
        {
            TheoryData<int, int> sizes = [];
            foreach (int width in Samples.Lengths.Where(length => length > 0))
            {
                sizes.Add(width > 1000 ? 2 : 3, width);
            }

            sizes.Add(0, 5);
            return sizes;
        }
    }

    /// <summary>
    /// Checks that the result has the same bytes as the formula in plain loops, for any vector width.
    /// </summary>
    [Theory]
    [MemberData(nameof(Sizes))]
    public void Sign_step_is_that_of_plain_loops(int rows, int width)
    {
        (Tensor center, Tensor x, Tensor gradient) = Draw(rows, width);
        var ball = new PerturbationBall(center, 0.1f) { Low = -0.5f, High = 0.75f };
        foreach (float size in new[] { 0.03f, -0.25f, 0f })
        {
            float[] x0 = center.ToArray<float>(), from = x.ToArray<float>(), g = gradient.ToArray<float>(), found = ball.SignStep(x, gradient, size).ToArray<float>();
            for (int i = 0; i < found.Length; i++)
            {
                float moved = from[i] + (size * Math.Sign(g[i]));
                float expected = Math.Min(Math.Max(moved, Math.Max(x0[i] - 0.1f, -0.5f)), Math.Min(x0[i] + 0.1f, 0.75f));
                Assert.Equal(expected, found[i]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Normalized_step_is_that_of_plain_loops(int rows, int width)
    {
        (Tensor center, Tensor x, Tensor gradient) = Draw(rows, width);
        var ball = new PerturbationBall(center, 0.2f) { Low = -0.5f, High = 0.75f };
        foreach (float size in new[] { 0.01f, -5f })
        {
            float[] x0 = center.ToArray<float>(), from = x.ToArray<float>(), g = gradient.ToArray<float>(), found = ball.NormalizedStep(x, gradient, size).ToArray<float>();
            for (int row = 0; row < rows; row++)
            {
                Range part = (row * width)..((row + 1) * width);
                double slope = Norm(g[part].Select(v => (double)v));
                double[] d = [.. Enumerable.Range(row * width, width).Select(i => from[i] + (slope == 0 ? 0 : size * g[i] / slope) - x0[i])];
                double shrink = Math.Min(1, 0.2f / Norm(d));
                for (int i = 0; i < width; i++)
                {
                    double expected = Math.Clamp(x0[(row * width) + i] + (shrink * d[i]), -0.5, 0.75);
                    Assert.Equal(expected, found[(row * width) + i], 2e-6);
                }

                Assert.True(Norm(found[part].Zip(x0[part], (a, b) => (double)a - b)) <= 0.2 * (1 + 1e-5));
            }
        }
    }

    [Fact]
    public void Steps_are_the_same_in_either_memory_order_and_for_any_number_of_threads()
    {
        (Tensor center, Tensor x, Tensor gradient) = Draw(40, 3 * 32 * 32);
        Shape shape = [40, 3, 32, 32];
        (center, x, gradient) = (center.Reshape(shape), x.Reshape(shape), gradient.Reshape(shape));
        var ball = new PerturbationBall(center, 0.1f);
        Tensor turned = gradient.InLayout(Layout.ChannelsLast);
        Tensor sign = ball.SignStep(x, turned, 0.05f);
        Assert.Equal(Layout.ChannelsLast, sign.Layout);
        Assert.Equal(ball.SignStep(x, gradient, 0.05f).ToArray<float>(), sign.ToArray<float>());
        float[] rows = ball.NormalizedStep(x, gradient, 0.5f).ToArray<float>(), columns = ball.NormalizedStep(x, turned, 0.5f).ToArray<float>();
        Assert.Equal(rows, columns, (a, b) => Math.Abs(a - b) <= 1e-6f);
        Tests.Kernels.Near.SameForAnyThreads(() => ball.NormalizedStep(x, gradient, 0.5f).ToArray<float>());
        Tests.Kernels.Near.SameForAnyThreads(() => ball.SignStep(x, gradient, 0.5f).ToArray<float>());
    }

    [Fact]
    public void Special_numbers_do_not_hide_and_a_gradient_of_zero_makes_no_step()
    {
        Tensor center = Tensor.Full([3, 2], 0.5f), gradient = Tensor.From([0f, -0f, float.NaN, 1f, float.MaxValue, 1e-30f], [3, 2]);
        var ball = new PerturbationBall(center, 0.25f);
        float[] sign = ball.SignStep(center, gradient, 0.1f).ToArray<float>();
        Assert.Equal([0.5f, 0.5f, float.NaN, 0.6f, 0.6f, 0.6f], sign);
        float[] normalized = ball.NormalizedStep(center, gradient, 0.1f).ToArray<float>();
        Assert.Equal([0.5f, 0.5f], normalized[..2]);
        Assert.All(normalized[2..4], value => Assert.True(float.IsNaN(value)));
        Assert.Equal([0.6f, 0.5f], normalized[4..]);

        // The squares of these values underflow or overflow in single precision; their directions do not.
        Tensor extremes = Tensor.From([3e-30f, 4e-30f, 3e-43f, -4e-43f, 3e37f, 4e37f], [3, 2]);
        float[] expected = [0.56f, 0.58f, 0.56f, 0.42f, 0.56f, 0.58f];
        Assert.Equal(expected, ball.NormalizedStep(center, extremes, 0.1f).ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-3f);
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_the_work_starts()
    {
        Tensor center = Tensor.Full([2, 3], 0.5f), gradient = Tensor.Ones([2, 3]);
        var ball = new PerturbationBall(center, 0.25f);
        Assert.Throws<ShapeMismatchException>(() => ball.SignStep(Tensor.Ones([3, 2]), gradient, 1));
        Assert.Throws<ShapeMismatchException>(() => ball.NormalizedStep(center, Tensor.Ones([2]), 1));
        Assert.Throws<ArgumentException>(() => (ball with { Radius = -1 }).SignStep(center, gradient, 1));
        Assert.Throws<ArgumentException>(() => (ball with { Radius = float.NaN }).SignStep(center, gradient, 1));
        Assert.Throws<ArgumentException>(() => (ball with { Low = 2 }).SignStep(center, gradient, 1));
        Assert.Throws<ArgumentException>(() => ball.SignStep(center, gradient, float.PositiveInfinity));
        Assert.Throws<ArgumentException>(() => ball.SignStep(center, Tensor.Full([2, 3], 1L), 1));
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Tensor.Full([2, 3], 0.4f));
        Assert.Contains("no gradient", Assert.Throws<InvalidOperationException>(() => ball.SignStep(x, gradient, 1)).Message);
        Assert.Throws<InvalidOperationException>(() => ball.SignStep(center, tape.Gradient((x * x).Sum(), x), 1));
        using (GradientTape.Suspend())
        {
            Assert.Equal(6, ball.SignStep(x, gradient, 1).Count);
        }
    }

    private static double Norm(IEnumerable<double> x) => Math.Sqrt(x.Sum(v => v * v));

    private static (Tensor Center, Tensor X, Tensor Gradient) Draw(int rows, int width)
    {
        Tensor center = Tensor.From(Samples.Uniform(rows * width, 1, -0.5f, 0.75f), [rows, width]);
        Tensor x = Tensor.From([.. center.ToArray<float>().Zip(Samples.Uniform(rows * width, 2, -0.1f, 0.1f), (a, b) => a + b)], [rows, width]);
        return (center, x, Tensor.From(Samples.Gaussian(rows * width, 3), [rows, width]));
    }
}
