using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class BroadcastingTests
{
    public static TheoryData<int[], int[]> Shapes => new()
    {
        { [], [] }, { [3], [] }, { [], [3] }, { [1], [5] }, { [4, 7], [7] }, { [4, 7], [4, 1] }, { [4, 1], [1, 7] }, { [2, 3, 5], [3, 1] },
        { [2, 3, 4, 5], [1, 3, 1, 1] }, { [0, 3], [1, 3] }, { [3, 1], [1, 0] }, { [2, 1, 3, 1, 2, 1, 2, 17], [1, 2, 1, 2, 2, 3, 1, 17] },
        { [300, 200], [200] }, { [300, 200], [300, 1] }, { [300, 200], [300, 200] },
    };

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Shapes))]
    public void Apply_repeats_axes_of_size_one(int[] left, int[] right)
    {
        (float[] x, float[] y) = (Samples.Uniform(Length(left), 1), Samples.Uniform(Length(right), 2));
        (int[] shape, int[] xIndex, int[] yIndex) = Expected(left, right);
        float[] z = new float[Length(shape)];
        Broadcasting.Apply(default(SubtractKernel), x, left, y, right, z);
        Assert.Equal(xIndex.Select((xi, i) => x[xi] - y[yIndex[i]]), z);
        byte[] mask = new byte[z.Length];
        Broadcasting.Compare(default(LessThan), x, left, y, right, mask);
        Assert.Equal(z.Select(d => d < 0 ? (byte)1 : (byte)0), mask);
        float[] expanded = new float[z.Length];
        Broadcasting.Expand(x, left, expanded, shape);
        Assert.Equal(xIndex.Select(i => x[i]), expanded);
    }

    [Fact]
    public void Apply_to_axes_that_do_not_match_throws() =>
        Assert.Throws<ArgumentException>(() => Broadcasting.Apply(default(AddKernel), new float[6], [2, 3], new float[4], [4], new float[6]));

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Comparisons_follow_the_rules_for_NaN()
    {
        float[] x = [1, 2, 2, float.NaN, float.NaN], y = [2, 2, 1, 1, float.NaN];
        Assert.Equal([0, 1, 0, 0, 0], Test(default(EqualTo)));
        Assert.Equal([1, 0, 1, 1, 1], Test(default(NotEqualTo)));
        Assert.Equal([0, 0, 1, 0, 0], Test(default(GreaterThan)));
        Assert.Equal([0, 1, 1, 0, 0], Test(default(GreaterThanOrEqualTo)));
        Assert.Equal([1, 0, 0, 0, 0], Test(default(LessThan)));
        Assert.Equal([1, 1, 0, 0, 0], Test(default(LessThanOrEqualTo)));

        byte[] Test<T>(T comparison)
            where T : unmanaged, IComparison
        {
            byte[] z = new byte[5];
            Broadcasting.Compare(comparison, x, [5], y, [5], z);
            return z;
        }
    }

    [Fact]
    public void Where_takes_from_the_first_where_the_mask_is_set()
    {
        float[] y = new float[3];
        Broadcasting.Where([1, 0, 2], [1, 2, 3], [4, 5, 6], y);
        Assert.Equal([1f, 5f, 3f], y);
    }

    private static int Length(int[] shape) => shape.Aggregate(1, (a, b) => a * b);

    /// <summary>
    /// Reference implementation: axes are matched from the last; an axis of size 1 is read at index 0.
    /// </summary>
    private static (int[] Shape, int[] X, int[] Y) Expected(int[] left, int[] right)
    {
        int rank = Math.Max(left.Length, right.Length);
        int[] l = [.. Enumerable.Repeat(1, rank - left.Length), .. left], r = [.. Enumerable.Repeat(1, rank - right.Length), .. right];
        int[] shape = [.. l.Select((a, i) => a == 1 ? r[i] : a)];
        var x = new List<int>();
        var y = new List<int>();
        for (int flat = 0; flat < Length(shape); flat++)
        {
            (int rest, int xi, int yi, int xs, int ys) = (flat, 0, 0, 1, 1);
            for (int axis = rank - 1; axis >= 0; axis--)
            {
                int at = rest % shape[axis];
                rest /= shape[axis];
                xi += l[axis] == 1 ? 0 : at * xs;
                yi += r[axis] == 1 ? 0 : at * ys;
                xs *= l[axis];
                ys *= r[axis];
            }

            x.Add(xi);
            y.Add(yi);
        }

        return (shape, [.. x], [.. y]);
    }
}
