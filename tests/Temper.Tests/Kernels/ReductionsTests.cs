using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class ReductionsTests
{
    public static TheoryData<int, int, int> Sizes
    {
        get
        {
            (int Outer, int Axis, int Inner)[] all =
            [
                (1, 0, 1), (3, 0, 5), (0, 4, 3), (1, 1, 1), (5, 17, 1), (3, 40, 7), (1, 5000, 20), (2, 33, 2100), (1, 70_000, 1),
                (4, 9000, 10), (600, 3, 33), (1, 3, 70_000),
            ];
            var sizes = new TheoryData<int, int, int>();
            foreach ((int outer, int axis, int inner) in VectorWidths.Sizes(all, size => (long)size.Outer * size.Axis * size.Inner, most: 100_000))
            {
                sizes.Add(outer, axis, inner);
            }

            return sizes;
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Sizes))]
    public void Axis_matches_plain_loops(int outer, int axis, int inner)
    {
        float[] x = Samples.Uniform(outer * axis * inner, 1), y = new float[outer * inner];
        Reductions.Axis(default(SumReducer), x, y, outer, axis, inner);
        Near.Equal(Fold(x, outer, axis, inner, 0, (a, v) => a + v), y, 2e-5);
        Reductions.Axis(default(SquareSumReducer), x, y, outer, axis, inner);
        Near.Equal(Fold(x, outer, axis, inner, 0, (a, v) => a + (v * v)), y, 1e-5);
        Reductions.Axis(default(AbsoluteSumReducer), x, y, outer, axis, inner);
        Near.Equal(Fold(x, outer, axis, inner, 0, (a, v) => a + Math.Abs(v)), y, 1e-5);
        Reductions.Axis(default(MaxReducer), x, y, outer, axis, inner);
        Near.Equal(Fold(x, outer, axis, inner, double.NegativeInfinity, Math.Max), y, 0);
        Reductions.Axis(default(MinReducer), x, y, outer, axis, inner);
        Near.Equal(Fold(x, outer, axis, inner, double.PositiveInfinity, Math.Min), y, 0);
        Reductions.Mean(x, y, outer, axis, inner);
        Near.Equal([.. Fold(x, outer, axis, inner, 0, (a, v) => a + v).Select(s => s / axis)], y, 1e-6);
    }

    [Fact]
    public void Sum_of_many_numbers_keeps_its_digits()
    {
        float[] x = Samples.Uniform(3_000_001, 5, 0, 1);
        double expected = 0;
        foreach (float v in x)
        {
            expected += v;
        }

        Assert.Equal(1, Reductions.Sum(x) / expected, 1e-7);
        Assert.Equal(0, Reductions.Sum([]));
    }

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Every_length_is_summed_whole()
    {
        foreach (int length in Samples.Lengths)
        {
            float[] x = Samples.Uniform(length, 2);
            Assert.Equal(x.Sum(v => (double)v), Reductions.Sum(x), 1e-4);
            Assert.Equal(x.Sum(v => (double)v * v), Reductions.SumOfSquares(x), 1e-5 * (1 + length));
            Assert.Equal(x.Sum(v => Math.Abs((double)v)), Reductions.SumOfMagnitudes(x), 1e-5 * (1 + length));
        }
    }

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void NaN_is_never_lost()
    {
        for (int at = 0; at < 40; at++)
        {
            float[] x = Samples.Uniform(40, 3);
            x[at] = float.NaN;
            Assert.True(double.IsNaN(Reductions.Sum(x)));
            Assert.True(double.IsNaN(Reductions.All(default(MaxReducer), x)));
            Assert.True(double.IsNaN(Reductions.All(default(MinReducer), x)));
        }
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads() => Near.SameForAnyThreads(() =>
    {
        float[] x = Samples.Uniform(20_000 * 20, 6), columns = new float[20];
        Reductions.ColumnSums(x, columns, 20_000, 20);
        return [.. columns, (float)Reductions.Sum(x)];
    });

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void ArgMax_takes_the_first_of_equal_numbers_and_NaN_before_all()
    {
        long[] index = new long[4];
        Selection.ArgExtreme<float>([1, 3, 3, 2, float.NegativeInfinity, float.NegativeInfinity, 1, float.NaN, 5, 9, 9, 9], index, (4, 3, 1), default);
        Assert.Equal([1L, 0L, 1L, 0L], index);
        Selection.ArgExtreme<float>([1, 3, 3, 2, 5, 5, 1, 7], index, (2, 2, 2), default);
        Assert.Equal([1L, 0L, 0L, 1L], index);
    }

    private static double[] Fold(float[] x, int outer, int axis, int inner, double start, Func<double, double, double> fold)
    {
        double[] y = new double[outer * inner];
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++)
            {
                double total = start;
                for (int a = 0; a < axis; a++)
                {
                    total = fold(total, x[(((o * axis) + a) * inner) + i]);
                }

                y[(o * inner) + i] = total;
            }
        }

        return y;
    }
}
