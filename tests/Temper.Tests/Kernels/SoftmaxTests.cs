using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class SoftmaxTests
{
    public static TheoryData<int, int> Sizes => new() { { 0, 3 }, { 1, 1 }, { 3, 2 }, { 64, 10 }, { 5, 16 }, { 7, 17 }, { 900, 100 }, { 2, 5000 } };

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Sizes))]
    public void Forward_and_gradient_match_plain_loops(int rows, int columns)
    {
        float[] x = Samples.Uniform(rows * columns, 1, -30, 30), dy = Samples.Uniform(x.Length, 2);
        float[] y = new float[x.Length], log = new float[x.Length], dx = new float[x.Length], dlog = new float[x.Length];
        Softmax.Forward(x, y, columns);
        Softmax.LogForward(x, log, columns);
        Softmax.Gradient(y, dy, dx, columns);
        Softmax.LogGradient(log, dy, dlog, columns);
        for (int r = 0; r < rows; r++)
        {
            double[] p = Probabilities(x.AsSpan(r * columns, columns));
            double dot = p.Select((v, c) => v * dy[(r * columns) + c]).Sum(), sum = dy.Skip(r * columns).Take(columns).Sum(v => (double)v);
            for (int c = 0; c < columns; c++)
            {
                int i = (r * columns) + c;
                Near.Equal(p[c], y[i], 1e-6, "softmax");
                Near.Equal(Math.Log(p[c]), log[i], 1e-6, "log softmax");
                Near.Equal(p[c] * (dy[i] - dot), dx[i], 1e-6, "gradient");
                Near.Equal(dy[i] - (p[c] * sum), dlog[i], 5e-6, "log gradient");
            }
        }
    }

    [Fact]
    public void Forward_is_finite_for_huge_numbers_and_NaN_for_NaN()
    {
        float[] y = new float[6];
        Softmax.Forward([3e38f, -3e38f, 3e38f, 0, float.NegativeInfinity, 0], y, 3);
        Assert.Equal([0.5f, 0, 0.5f, 0.5f, 0, 0.5f], y);
        Softmax.Forward([1, 2, 3, 1, float.NaN, 2], y, 3);
        Assert.All(y[3..], v => Assert.True(float.IsNaN(v)));
        Assert.Equal(1, y[..3].Sum(), 1e-6f);
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(0, false)]
    [InlineData(0.1f, false)]
    [InlineData(0, true)]
    [InlineData(0.25f, true)]
    public void CrossEntropy_and_its_slope_match_the_formula(float smoothing, bool weighted)
    {
        const int Rows = 70, Classes = 11;
        float[] x = Samples.Uniform(Rows * Classes, 1, -5, 5), losses = new float[Rows], slopes = new float[x.Length];
        float[] weights = weighted ? Samples.Uniform(Classes, 2, 0.1f, 2) : [];
        var targets = new ClassTargets { Labels = Samples.Labels(Rows, Classes, 3), Smoothing = smoothing, Weights = weights };
        ClassificationLoss.CrossEntropy(x, targets, losses, slopes);
        for (int r = 0; r < Rows; r++)
        {
            double[] p = Probabilities(x.AsSpan(r * Classes, Classes)), t = new double[Classes];
            for (int c = 0; c < Classes; c++)
            {
                double weight = weighted ? weights[c] : 1;
                t[c] = weight * (((double)smoothing / Classes) + (c == (int)targets.Labels[r] ? 1.0 - smoothing : 0));
            }

            Near.Equal(-p.Select((v, c) => t[c] * Math.Log(v)).Sum(), losses[r], 1e-6, "loss");
            for (int c = 0; c < Classes; c++)
            {
                Near.Equal((p[c] * t.Sum()) - t[c], slopes[(r * Classes) + c], 1e-6, "slope");
            }
        }

        Assert.Equal(targets.TotalWeight(), targets.Labels.ToArray().Sum(l => weighted ? (double)weights[l] : 1), 1e-9);
        float[] inPlace = [.. x], again = new float[Rows];
        ClassificationLoss.CrossEntropy(inPlace, targets, again, inPlace);
        Assert.Equal(losses, again);
        Assert.Equal(slopes, inPlace);
    }

    [Fact]
    public void CrossEntropy_of_a_label_that_is_no_class_throws()
    {
        foreach (long label in (long[])[-1, 3, long.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(
                () => ClassificationLoss.CrossEntropy(new float[3], new ClassTargets { Labels = [label] }, new float[1], new float[3]));
        }

        ClassificationLoss.CrossEntropy([], new ClassTargets { Labels = [] }, [], []);
    }

    [Fact]
    public void NegativeLogLikelihood_takes_the_label_alone()
    {
        var targets = new ClassTargets { Labels = [1, 0], Weights = [2, 3] };
        float[] losses = new float[2], dx = new float[4];
        ClassificationLoss.NegativeLogLikelihood([-1, -2, -3, -4], targets, losses);
        Assert.Equal([6f, 6f], losses);
        ClassificationLoss.NegativeLogLikelihoodGradient(targets, [1, 0.5f], dx);
        Assert.Equal([0f, -3f, -1f, 0f], dx);
    }

    [Fact]
    public void BinaryCrossEntropy_matches_its_formula_also_where_it_saturates()
    {
        float[] x = [-100, -20, -3, 0, 0.5f, 8, 30, 100], t = [0, 1, 0.25f, 1, 0, 1, 0, 1], loss = new float[8], slope = new float[8];
        ClassificationLoss.BinaryCrossEntropy(x, t, loss);
        ClassificationLoss.BinaryCrossEntropyGradient(x, t, slope);
        for (int i = 0; i < x.Length; i++)
        {
            double softplus = Math.Max(x[i], 0.0) + double.LogP1(Math.Exp(-Math.Abs(x[i])));
            Near.Equal(softplus - ((double)x[i] * t[i]), loss[i], 1e-6, "loss");
            Near.Equal((1 / (1 + Math.Exp(-x[i]))) - t[i], slope[i], 1e-6, "slope");
        }
    }

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void BinaryCrossEntropy_of_sure_and_right_answers_keeps_its_digits()
    {
        float[] x = [.. Enumerable.Range(1, 40).SelectMany(i => new[] { i * 2f, i * -2f })], t = [.. x.Select(logit => logit > 0 ? 1f : 0f)], loss = new float[x.Length];
        ClassificationLoss.BinaryCrossEntropy(x, t, loss);
        for (int i = 0; i < x.Length; i++)
        {
            // double.LogP1 adds 1 first, which loses the digits of small numbers.
            double u = Math.Exp(-Math.Abs((double)x[i])), expected = u > 1e-3 ? Math.Log(1 + u) : u - (u * u / 2) + (u * u * u / 3);
            Assert.InRange(loss[i] / expected, 1 - 1e-6, 1 + 1e-6);
        }
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads() => Near.SameForAnyThreads(() =>
    {
        float[] x = Samples.Uniform(3000 * 10, 1), losses = new float[3000];
        ClassificationLoss.CrossEntropy(x, new ClassTargets { Labels = Samples.Labels(3000, 10, 2) }, losses, x);
        Softmax.Forward(x, x, 10);
        return [.. losses, .. x];
    });

    private static double[] Probabilities(ReadOnlySpan<float> x)
    {
        double max = x.ToArray().Max();
        double[] e = [.. x.ToArray().Select(v => Math.Exp(v - max))];
        return [.. e.Select(v => v / e.Sum())];
    }
}
