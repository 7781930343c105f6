using Temper.Tensors.Memory;

namespace Temper.Tests.Tensors.Memory;

/// <summary>
/// Tests the array pool: which arrays serve a request, how much memory the pool holds, and when it releases memory.
/// </summary>
public sealed class BufferStoreTests
{
    private const int Slack = 16;
    private const int Mebi = 1 << 20;

    [Theory]
    [InlineData(1, 1024)]
    [InlineData(1024, 1024)]
    [InlineData(1025, 1152)]
    [InlineData(1152, 1152)]
    [InlineData(1153, 1280)]
    [InlineData(2048, 2048)]
    [InlineData(2049, 2304)]
    [InlineData(100_000, 106_496)]
    [InlineData(Mebi, Mebi)]
    public void Arrays_are_at_most_an_eighth_larger_than_asked(int count, int expected)
    {
        BufferStore<float> store = Create();
        float[] array = store.Rent(count);
        Assert.Equal(expected + Slack, array.Length);
        Assert.Equal((expected, count), (store.Held, store.Rented));
        store.Return(array, count);
        Assert.Equal((expected, 0), (store.Held, store.Rented));
        Assert.Same(array, store.Rent(count));
    }

    [Fact]
    public void Smallest_free_array_that_is_large_enough_is_taken_and_the_last_returned_first()
    {
        BufferStore<float> store = Create();
        float[] small = store.Rent(10_000), middle = store.Rent(30_000), other = store.Rent(30_000), large = store.Rent(70_000);
        foreach ((float[] array, int count) in new[] { (small, 10_000), (middle, 30_000), (other, 30_000), (large, 70_000) })
        {
            store.Return(array, count);
        }

        Assert.Same(other, store.Rent(20_000));
        Assert.Same(middle, store.Rent(20_000));
        Assert.Same(large, store.Rent(20_000));
        Assert.Same(small, store.Rent(5_000));
    }

    [Fact]
    public void Array_that_is_more_than_eight_times_too_large_is_left_for_others()
    {
        BufferStore<float> store = Create();
        float[] large = store.Rent(Mebi);
        store.Return(large, Mebi);
        Assert.NotSame(large, store.Rent((Mebi / 8) - (Mebi / 64)));
        Assert.Same(large, store.Rent(Mebi / 8));
    }

    /// <summary>Smaller batches reuse the arrays of the full batch, and a later full batch finds them again.</summary>
    [Fact]
    public void Shrinking_work_holds_little_more_than_the_first_round()
    {
        BufferStore<float> store = Create();
        Round(store, batch: 128);
        long first = store.Held;
        for (int batch = 127; batch > 0; batch--)
        {
            Round(store, batch);
            Round(store, batch);
        }

        Assert.InRange(store.Held, first, (long)(1.2 * first));
        long shrunk = store.Held;
        Round(store, batch: 128);
        Assert.Equal(shrunk, store.Held);
    }

    [Fact]
    public void Growing_work_never_holds_more_than_three_times_what_is_lent()
    {
        BufferStore<float> store = Create();
        for (int batch = 1; batch <= 512; batch += 3)
        {
            long most = Round(store, batch);
            Assert.True(store.Held <= (3 * most) + (8 * Mebi), $"batch {batch}: {store.Held} held, {most} lent");
        }
    }

    [Fact]
    public void What_is_unused_for_two_periods_is_given_back()
    {
        BufferStore<float> store = Create();
        Use(1);
        float[][] all = [.. Enumerable.Range(0, 3).Select(_ => store.Rent(10 * Mebi))];
        Array.ForEach(all, array => store.Return(array, 10 * Mebi));
        long before = store.Held;
        Assert.True(before >= 30 * Mebi);
        Use(BufferStore<float>.Period);
        Assert.Equal(before, store.Held);                  // the high-water mark of the previous period still counts
        Use(2 * BufferStore<float>.Period);
        Assert.InRange(store.Held, 1, 9 * Mebi);
        Assert.Equal(0, store.Rented);

        void Use(int requests)
        {
            for (int i = 0; i < requests; i++)
            {
                store.Return(store.Rent(5000), 5000);
            }
        }
    }

    [Fact]
    public void Threads_never_share_an_array()
    {
        BufferStore<int> store = new(Slack, 1024);
        bool shared = false;
        Parallel.For(0, 8, thread =>
        {
            for (int i = 0; i < 2000; i++)
            {
                int count = 1000 + (137 * ((i * 7) + thread) % 9000);
                int[] array = store.Rent(count);
                (array[0], array[count - 1]) = (thread, i);
                Thread.SpinWait(20);
                shared |= array[0] != thread || array[count - 1] != i;
                store.Return(array, count);
            }
        });
        Assert.False(shared);
        Assert.Equal(0, store.Rented);
    }

    private static BufferStore<float> Create() => new(Slack, 1024);

    /// <summary>
    /// Rents and returns arrays as a forward and a backward pass do. Returns the peak number of rented elements.
    /// </summary>
    private static long Round(BufferStore<float> store, int batch)
    {
        int[] sizes = [.. Enumerable.Range(0, 12).Select(i => batch * 2048 * (i < 6 ? 4 : 2))];
        float[][] kept = [.. sizes.Select(store.Rent)];
        long most = store.Rented;
        for (int i = kept.Length - 1; i >= 0; i--)
        {
            float[] gradient = store.Rent(sizes[i]), bias = store.Rent(16);
            most = Math.Max(most, store.Rented);
            store.Return(bias, 16);
            store.Return(kept[i], sizes[i]);
            store.Return(gradient, sizes[i]);
        }

        return most;
    }
}
