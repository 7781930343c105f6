using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class StridedCopiesTests
{
    public static TheoryData<int[], int[]> Permutations => new()
    {
        { [], [] }, { [5], [0] }, { [3, 4], [1, 0] }, { [33, 65], [1, 0] }, { [2, 3, 17], [0, 2, 1] }, { [2, 37, 40], [2, 0, 1] },
        { [2, 3, 4, 5], [0, 2, 3, 1] }, { [2, 3, 4, 5], [3, 1, 2, 0] }, { [1, 3, 1, 5], [3, 2, 1, 0] }, { [0, 3], [1, 0] },
        { [2, 2, 3, 2, 2, 3, 2, 2], [7, 0, 6, 1, 5, 2, 4, 3] }, { [70, 80, 9], [1, 2, 0] },
    };

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Permutations))]
    public void Read_of_a_permuted_view_permutes_and_Write_puts_back(int[] shape, int[] order)
    {
        float[] x = Samples.Uniform(shape.Aggregate(1, (a, b) => a * b), 1), y = new float[x.Length], back = new float[x.Length];
        StridedView view = StridedView.Permuted(shape, order);
        StridedCopies.Read(x, view, y);
        int[] sizes = [.. order.Select(axis => shape[axis])];
        for (int flat = 0; flat < y.Length; flat++)
        {
            int[] at = Index(flat, sizes), source = new int[shape.Length];
            for (int axis = 0; axis < order.Length; axis++)
            {
                source[order[axis]] = at[axis];
            }

            Assert.Equal(x[Flat(source, shape)], y[flat]);
        }

        StridedCopies.Write(y, back, view);
        Assert.Equal(x, back);
    }

    [Theory]
    [InlineData(new[] { 10 }, new[] { 2 }, new[] { 3 }, new[] { 2 })]
    [InlineData(new[] { 6, 40 }, new[] { 1, 5 }, new[] { 4, 30 }, new[] { 1, 1 })]
    [InlineData(new[] { 6, 40 }, new[] { 5, 39 }, new[] { 6, 40 }, new[] { -1, -1 })]
    [InlineData(new[] { 3, 4, 5 }, new[] { 0, 1, 4 }, new[] { 3, 2, 2 }, new[] { 1, 2, -3 })]
    [InlineData(new[] { 3, 4 }, new[] { 0, 0 }, new[] { 0, 4 }, new[] { 1, 1 })]
    public void Read_of_a_slice_takes_its_elements_and_Write_leaves_the_others(int[] shape, int[] starts, int[] sizes, int[] steps)
    {
        float[] x = Samples.Uniform(shape.Aggregate(1, (a, b) => a * b), 1), y = new float[sizes.Aggregate(1, (a, b) => a * b)];
        StridedView view = StridedView.Sliced(shape, starts, sizes, steps);
        StridedCopies.Read(x, view, y);
        float[] target = new float[x.Length], expected = new float[x.Length];
        for (int flat = 0; flat < y.Length; flat++)
        {
            int source = Flat([.. Index(flat, sizes).Select((i, axis) => starts[axis] + (i * steps[axis]))], shape);
            Assert.Equal(x[source], y[flat]);
            expected[source] = y[flat];
        }

        StridedCopies.Write(y, target, view);
        Assert.Equal(expected, target);
    }

    [Fact]
    public void Read_works_for_labels_and_bytes()
    {
        long[] y = new long[6];
        StridedCopies.Read<long>([1, 2, 3, 4, 5, 6], StridedView.Permuted([2, 3], [1, 0]), y);
        Assert.Equal([1L, 4, 2, 5, 3, 6], y);
        byte[] bytes = new byte[2];
        StridedCopies.Read<byte>([1, 2, 3], StridedView.Sliced([3], [2], [2], [-1]), bytes);
        Assert.Equal(new byte[] { 3, 2 }, bytes);
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(2, 3, 49)]
    [InlineData(1, 20, 144)]
    [InlineData(3, 64, 1)]
    [InlineData(2, 33, 1025)]
    public void Layouts_are_each_others_inverse(int batch, int channels, int pixels)
    {
        float[] x = Samples.Uniform(batch * channels * pixels, 1), last = new float[x.Length], first = new float[x.Length];
        Layouts.ToChannelsLast(x, last, batch, channels, pixels);
        for (int i = 0; i < x.Length; i++)
        {
            int n = i / (channels * pixels), c = i / pixels % channels, p = i % pixels;
            Assert.Equal(x[i], last[(((n * pixels) + p) * channels) + c]);
        }

        Layouts.ToChannelsFirst(last, first, batch, channels, pixels);
        Assert.Equal(x, first);
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads() => Near.SameForAnyThreads(() =>
    {
        float[] x = Samples.Uniform(64 * 65 * 66, 1), y = new float[x.Length];
        StridedCopies.Read(x, StridedView.Permuted([64, 65, 66], [2, 0, 1]), y);
        return y;
    });

    [Fact]
    public void Rows_are_gathered_and_their_gradients_added_in_order()
    {
        float[] x = Samples.Uniform(2 * 4 * 3, 1), y = new float[2 * 3 * 3], sums = new float[x.Length];
        long[] index = [3, 0, 3];
        Gathering.Rows(x, index, y, 2, 4, 3);
        Gathering.AddRows(y, index, sums, 2, 4, 3);
        for (int o = 0; o < 2; o++)
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(x[(o * 12) + 9 + i], y[(o * 9) + i]);
                Assert.Equal(x[(o * 12) + i], y[(o * 9) + 3 + i]);
                Assert.Equal(2 * x[(o * 12) + 9 + i], sums[(o * 12) + 9 + i]);
                Assert.Equal(0, sums[(o * 12) + 3 + i]);
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => Gathering.Rows(new float[4], [4], new float[1], 1, 4, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Gathering.Rows(new float[4], [-1], new float[1], 1, 4, 1));
    }

    [Fact]
    public void Along_takes_an_index_for_each_element()
    {
        float[] x = [1, 2, 3, 4, 5, 6], y = new float[4], sums = new float[6];
        long[] index = [2, 0, 1, 1];   // [outer 1, count 2, inner 2] of x [1, 3, 2]
        Gathering.Along(x, index, y, (1, 3, 2), count: 2);
        Assert.Equal([5f, 2f, 3f, 4f], y);
        Gathering.AddAlong([1, 2, 3, 4], index, sums, (1, 3, 2), count: 2);
        Assert.Equal([0f, 2f, 3f, 4f, 1f, 0f], sums);
    }

    private static int[] Index(int flat, int[] sizes)
    {
        int[] index = new int[sizes.Length];
        for (int axis = sizes.Length - 1; axis >= 0; axis--)
        {
            index[axis] = flat % sizes[axis];
            flat /= sizes[axis];
        }

        return index;
    }

    private static int Flat(int[] index, int[] shape)
    {
        int flat = 0;
        for (int axis = 0; axis < shape.Length; axis++)
        {
            flat = (flat * shape[axis]) + index[axis];
        }

        return flat;
    }
}
