using System.Collections.Concurrent;
using Temper.Data.Augmentation;
using Temper.Kernels;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Data.Tests;

public sealed class DataLoaderTests
{
    private static readonly DataLoaderOptions Options = new()
    {
        BatchSize = 8, Shuffles = true, Transforms = [new RandomCrop(2), new HorizontalFlip(), new Cutout(3), new Normalize([0.5f], [0.25f])],
    };

    /// <summary>The samples of the set take a random time to read.</summary>
    [Fact]
    public void Batches_do_not_depend_on_timing_or_threads()
    {
        Dataset set = DataSource.Open("synth:shapes?count=50&size=12").Train;
        float[] expected = Values(set, epoch: 3);
        var random = new Random(1);
        foreach (int threads in new[] { 1, 8 })
        {
            using var pool = new WorkerPool(threads);
            using WorkerPool.Usage usage = pool.Use();
            Assert.Equal(expected, Values(new SlowDataset(set, () => Thread.Sleep(random.Next(2))), epoch: 3));
        }
    }

    [Fact]
    public void Samples_are_read_on_the_worker_pool_of_the_reader()
    {
        Dataset set = DataSource.Open("synth:shapes?count=50&size=12").Train;
        var pools = new ConcurrentBag<WorkerPool>();
        using var pool = new WorkerPool(1);
        using WorkerPool.Usage usage = pool.Use();
        Values(new SlowDataset(set, () => pools.Add(WorkerPool.Current)), epoch: 0);
        Assert.Equal(50, pools.Count);
        Assert.All(pools, found => Assert.Same(pool, found));
    }

    [Fact]
    public void Augmentations_refuse_options_that_would_destroy_pictures()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomCrop(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomCrop() with { Padding = 1 << 30 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Cutout(-3));
        Assert.Throws<ArgumentException>(() => new Normalize([0.5f], [0.5f]).Apply(new float[12], [3, 2, 2], RandomStream.FromSeed(1)));
        Assert.Throws<ArgumentException>(() => new Normalize([0.5f], [0]).Apply(new float[4], [1, 2, 2], RandomStream.FromSeed(1)));
    }

    [Fact]
    public void Epoch_depends_on_its_number_and_the_seed_only()
    {
        Dataset set = DataSource.Open("synth:shapes?count=50&size=12").Train;
        var loader = new DataLoader(set, Options, RandomStream.FromSeed(7));
        float[] first = Read(loader.Epoch(1));
        _ = Read(loader.Epoch(0));
        Assert.Equal(first, Read(loader.Epoch(1)));
        Assert.Equal(first, Values(set, epoch: 1));
        Assert.NotEqual(first, Values(set, epoch: 2));
        Assert.NotEqual(first, Read(new DataLoader(set, Options, RandomStream.FromSeed(8)).Epoch(1)));
    }

    [Fact]
    public void Epoch_from_a_later_batch_is_the_rest_of_the_whole()
    {
        var loader = new DataLoader(DataSource.Open("synth:shapes?count=50&size=12").Train, Options, RandomStream.FromSeed(7));
        float[] whole = Read(loader.Epoch(4)), rest = Read(loader.Epoch(4, firstBatch: 5));
        Assert.Equal(whole[^rest.Length..], rest);
        Assert.Equal((50 - 40) * 145, rest.Length);
    }

    [Fact]
    public void Epochs_that_are_read_at_the_same_time_have_batches_of_their_own()
    {
        var loader = new DataLoader(DataSource.Open("synth:shapes?count=50&size=12").Train, Options, RandomStream.FromSeed(7));
        float[][] expected = [Read(loader.Epoch(0)), Read(loader.Epoch(1))];
        List<float> first = [], second = [];
        foreach ((Batch one, Batch two) in loader.Epoch(0).Zip(loader.Epoch(1)))
        {
            first.AddRange(Read([one]));
            second.AddRange(Read([two]));
        }

        Assert.Equal(expected[0], first.ToArray());
        Assert.Equal(expected[1], second.ToArray());

        // An enumeration that has not ended keeps its batches to itself.
        using IEnumerator<Batch> left = loader.Epoch(1).GetEnumerator();
        Assert.True(left.MoveNext());
        float[] before = left.Current.Inputs.ToArray<float>();
        Assert.Equal(expected[0], Read(loader.Epoch(0)));
        Assert.Equal(before, left.Current.Inputs.ToArray<float>());
    }

    /// <summary>The augmentation of a sample does not depend on its position in the epoch.</summary>
    [Fact]
    public void Augmentation_depends_on_seed_epoch_and_sample()
    {
        Dataset set = DataSource.Open("synth:shapes?count=40&size=12").Train;
        Dictionary<string, int> shuffled = Samples(set, Options), inOrder = Samples(set, Options with { Shuffles = false, BatchSize = 5 });
        Assert.Equal(inOrder, shuffled);
        Assert.True(inOrder.Count > 35);

        static Dictionary<string, int> Samples(Dataset set, DataLoaderOptions options) => new DataLoader(set, options, RandomStream.FromSeed(7)).Epoch(2)
            .SelectMany(batch => batch.Inputs.ToArray<float>().Chunk(144).Select(sample => string.Join(' ', sample)).ToArray())
            .CountBy(text => text).ToDictionary();
    }

    [Fact]
    public void Each_sample_comes_once_and_a_last_part_can_be_dropped()
    {
        Dataset set = DataSource.Open("synth:blobs?count=21&features=3").Train;
        var options = new DataLoaderOptions { BatchSize = 5, Shuffles = true };
        string[] all = [.. Rows(set, options)];
        Assert.Equal(Rows(set, options with { Shuffles = false }).Order(StringComparer.Ordinal), all.Order(StringComparer.Ordinal));
        Assert.NotEqual(Rows(set, options with { Shuffles = false }), all);
        Assert.Equal((5, 4), (new DataLoader(set, options, RandomStream.FromSeed(1)).BatchCount, new DataLoader(set, options with { DropsLast = true }, RandomStream.FromSeed(1)).BatchCount));
        Assert.Equal(all[..20], Rows(set, options with { DropsLast = true }));

        static IEnumerable<string> Rows(Dataset set, DataLoaderOptions options) => new DataLoader(set, options, RandomStream.FromSeed(1)).Epoch(0)
            .SelectMany(batch => batch.Inputs.ToArray<float>().Chunk(3).Select(row => string.Join(' ', row)).ToArray());
    }

    [Fact]
    public void A_batch_larger_than_any_set_is_the_whole_set()
    {
        Dataset set = DataSource.Open("synth:blobs?count=21&features=3").Train;
        var loader = new DataLoader(set, new DataLoaderOptions { BatchSize = int.MaxValue }, RandomStream.FromSeed(1));
        Assert.Equal(1, loader.BatchCount);
        Assert.Equal([21, 3], Assert.Single(loader.Epoch(0)).Inputs.Shape);
    }

    [Theory]
    [InlineData(85, 20)]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    [InlineData(int.MaxValue, 1)]
    [InlineData(90, 1)]
    public void Samples_that_do_not_exist_are_refused(int start, int count)
    {
        Dataset set = DataSource.Open("synth:blobs?count=90&features=3").Train;
        Assert.Equal(90, set.Count);
        Assert.Contains("expected indices below 90", Assert.Throws<ArgumentOutOfRangeException>(() => set.Read(start, count)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Subset([3, start < 0 || count < 0 ? -1 : 90]));
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Take(-1));
        Assert.Throws<ArgumentNullException>(() => set.Subset(null!));
        Assert.Equal([0, 3], set.Read(90, 0).Inputs.Shape);
    }

    [Fact]
    public void Error_in_a_sample_reaches_the_reader()
    {
        int reads = 0;
        Dataset set = new SlowDataset(DataSource.Open("synth:blobs?count=40").Train, () =>
        {
            if (Interlocked.Increment(ref reads) > 12)
            {
                throw new IOException("the disk is gone");
            }
        });
        Assert.Throws<IOException>(() => Read(new DataLoader(set, new() { BatchSize = 5 }, RandomStream.FromSeed(1)).Epoch(0)));
    }

    [Fact]
    public void Transforms_do_what_their_names_say()
    {
        float[] picture = [1, 2, 3, 4, 5, 6];
        Shape shape = [1, 2, 3];
        HashSet<string> flips = [], crops = [];
        for (int i = 0; i < 200; i++)
        {
            flips.Add(Applied(new HorizontalFlip(), i));
            crops.Add(Applied(new RandomCrop(1), i));
            Assert.Equal(6, Applied(new Cutout(1), i).Split(' ').Length);
            Assert.Single(Applied(new Cutout(1), i).Split(' '), "0");
        }

        Assert.Equal(["1 2 3 4 5 6", "3 2 1 6 5 4"], flips.Order(StringComparer.Ordinal));
        Assert.Equal(9, crops.Count);
        Assert.Contains("0 1 2 0 4 5", crops);
        Assert.Contains("5 6 0 0 0 0", crops);
        Assert.Equal("0 2 4 6 8 10", Applied(new Normalize([1], [0.5f]), 0));

        string Applied(SampleTransform transform, int seed)
        {
            float[] copy = [.. picture];
            transform.Apply(copy, shape, RandomStream.FromSeed((ulong)seed));
            return string.Join(' ', copy);
        }
    }

    private static float[] Values(Dataset set, int epoch) => Read(new DataLoader(set, Options, RandomStream.FromSeed(7)).Epoch(epoch));

    private static float[] Read(IEnumerable<Batch> batches) =>
        [.. batches.SelectMany(batch => (float[])[.. batch.Inputs.ToArray<float>(), .. batch.Targets.ToArray<long>().Select(label => (float)label)])];

    private sealed class SlowDataset(Dataset source, Action wait) : Dataset
    {
        public override string Name => source.Name;

        public override int Count => source.Count;

        public override Shape SampleShape => source.SampleShape;

        public override IReadOnlyList<string> ClassNames => source.ClassNames;

        public override long Label(int index) => source.Label(index);

        public override void CopySample(int index, Span<float> sample)
        {
            wait();
            source.CopySample(index, sample);
        }
    }
}
