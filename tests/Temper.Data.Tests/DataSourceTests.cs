using Temper.Data.Catalog;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Data.Tests;

public sealed class DataSourceTests
{
    public static TheoryData<string, string> Misspelled => new()
    {
        { "fashion-mist", "fashion-mnist" },
        { "no/such/folder", "--data synth:shapes" },
        { "synth:shape", "expected shapes, blobs or actions" },
        { "synth:shapes?clases=3", "expected count, seed, classes, size, channels" },
        { "synth:blobs?size=3", "expected count, seed, classes, features" },
        { "synth:shapes?classes", "NAME=NUMBER" },
        { "synth:shapes?classes=ten", "NAME=NUMBER" },
        { "synth:shapes?classes=11", "expected 2 to 10" },
        { "synth:shapes?classes=1", "expected 2 to 10" },
        { "synth:shapes?size=7", "expected 8 to 1024" },
        { "synth:shapes?channels=0", "expected 1 to 3" },
        { "synth:shapes?channels=1000000&size=8", "expected 1 to 3" },
        { "synth:shapes?count=0", "expected 1 to" },
        { "synth:shapes?count=10000000&size=1024", "too large" },
        { "synth:blobs?count=99999999999", "NAME=NUMBER" },
        { "synth:blobs?count=10000000&features=100000", "too large" },
        { "synth:actions?count=1&frames=1000&size=512", "too large" },         // the test set has one clip per class
    };

    [Theory]
    [MemberData(nameof(Misspelled))]
    public void Open_of_what_is_not_there_says_what_there_is(string specification, string hint)
    {
        Exception error = Assert.ThrowsAny<Exception>(() => DataSource.Open(specification));
        Assert.True(error is ArgumentException or DataUnavailableException, $"{error.GetType()}");
        Assert.StartsWith("data: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_by_name_reads_the_folder_of_that_name_in_the_cache()
    {
        using var cache = new TemporaryFolder();
        string folder = Directory.CreateDirectory(Path.Combine(cache.Path, "data", "cifar10")).FullName;
        byte[] picture = new byte[1 + (3 * 32 * 32)];
        picture[0] = 7;
        File.WriteAllBytes(Path.Combine(folder, "test_batch.bin"), picture);
        DataSets sets = DataSource.Open("cifar10", new DataCatalog(cache.Path));
        Assert.Equal(1, sets.Test.Count);
        Assert.Throws<DataUnavailableException>(() => DataSource.Open("../data/cifar10", new DataCatalog(cache.Path)));
    }

    [Theory]
    [InlineData("synth:shapes?count=60&classes=4&size=16&channels=3&seed=5", 60, 10, 4, 768)]
    [InlineData("synth:shapes?count=12", 12, 10, 10, 784)]
    [InlineData("synth:blobs?count=30&classes=3&features=7", 30, 5, 3, 7)]
    public void Synthetic_set_has_the_size_asked_for_and_the_same_bytes_each_time(string specification, int train, int test, int classes, int size)
    {
        DataSets sets = DataSource.Open(specification), again = DataSource.Open(specification);
        Assert.Equal((train, test, classes, size), (sets.Train.Count, sets.Test.Count, sets.Train.ClassNames.Count, sets.Train.SampleShape.Count));
        Assert.Equal(Values(sets.Train), Values(again.Train));
        Assert.Equal(Values(sets.Test), Values(again.Test));
        Assert.Equal(classes, Enumerable.Range(0, train).Select(sets.Train.Label).Distinct().Count());
        Assert.NotEqual(Values(sets.Train)[..size], Values(sets.Test)[..size]);
        Assert.NotEqual(Values(sets.Train), Values(DataSource.Open($"{specification}&seed=6").Train));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(37)]
    [InlineData(200)]
    public void Split_takes_from_each_class_in_proportion_and_loses_nothing(int count)
    {
        // Interleaved classes of 100, 60 and 40 samples; the value of a sample is its index.
        long[] labels = [.. Enumerable.Range(0, 200).Select(i => (long)(i % 10 < 5 ? 0 : i % 10 < 8 ? 1 : 2))];
        var set = new TensorDataset("x", Tensors.Tensor.From([.. Enumerable.Range(0, 200).Select(i => (float)i)], [200, 1]), Tensors.Tensor.From(labels, [200]));
        (Dataset rest, Dataset held) = StratifiedSplit.Of(set, count, RandomStream.FromSeed(1));
        (Dataset sameRest, Dataset same) = StratifiedSplit.Of(set, count, RandomStream.FromSeed(1));
        Assert.Equal(count, held.Count);
        Assert.Equal(Values(held), Values(same));
        Assert.Equal(Values(rest), Values(sameRest));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (float)i), Values(rest).Concat(Values(held)).Order());
        Assert.Equal(Values(held).Order(), Values(held));
        for (int c = 0; c < 3; c++)
        {
            double share = (double)count * labels.Count(label => label == c) / 200;
            Assert.InRange(Enumerable.Range(0, held.Count).Count(i => held.Label(i) == c), Math.Floor(share), Math.Ceiling(share));
        }

        if (count == 37)
        {
            Assert.NotEqual(Values(held), Values(StratifiedSplit.Of(set, count, RandomStream.FromSeed(2)).HeldOut));
        }
    }

    private static float[] Values(Dataset set) => set.Read(0, set.Count).Inputs.ToArray<float>();
}
