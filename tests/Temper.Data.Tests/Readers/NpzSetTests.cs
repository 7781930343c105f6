using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Data.Tests.Readers;

/// <summary>
/// Tests archives as found in practice: missing parts, one-hot labels, unrelated arrays, channels last.
/// </summary>
public sealed class NpzSetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("test", 0, 2)]
    [InlineData("val", 0, 2)]
    [InlineData("train", 2, 0)]
    public void One_part_is_enough(string part, int train, int test)
    {
        DataSets sets = Open(($"x_{part}", Tensor.Zeros([2, 3])), ($"y_{part}", Labels(0, 1)));
        Assert.Equal((train, test), (sets.Train.Count, sets.Test.Count));
        Assert.Equal(sets.Train.SampleShape, sets.Test.SampleShape);
        Assert.Empty(sets.Unused);
    }

    [Fact]
    public void Part_that_is_not_used_is_named()
    {
        DataSets sets = Open(
            ("x_train", Tensor.Zeros([2, 3])), ("y_train", Labels(0, 1)), ("x_test", Tensor.Zeros([1, 3])), ("y_test", Labels(0)),
            ("x_val", Tensor.Zeros([4, 3])), ("y_val", Labels(0, 0, 0, 0)));
        Assert.Equal("x_val", Assert.Single(sets.Unused).Name);
    }

    [Fact]
    public void Both_parts_have_the_classes_of_both()
    {
        DataSets sets = Open(("x_train", Tensor.Zeros([2, 3])), ("y_train", Labels(0, 1)), ("x_test", Tensor.Zeros([1, 3])), ("y_test", Labels(3)));
        Assert.Equal((4, 4), (sets.Train.ClassNames.Count, sets.Test.ClassNames.Count));
    }

    [Fact]
    public void Labels_may_lack_where_they_are_not_needed()
    {
        Assert.EndsWith("npz: the archive has 'x_train' but no 'y_train'", Refused(("x_train", Tensor.Zeros([2, 4, 5])), ("x_test", Tensor.Zeros([1, 4, 5]))), StringComparison.Ordinal);
        DataSets sets = DataSource.Open(_folder["set.npz"], needsLabels: false);
        foreach (Dataset set in (Dataset[])[sets.Train, sets.Test, sets.Train.Take(1), sets.Test.WithChannelsFirst().Resized(2, 2, PictureScaling.Linear)])
        {
            Assert.False(set.HasLabels);
            Assert.Empty(set.ClassNames);
            Assert.Equal(0, set.Label(0));
        }
    }

    [Fact]
    public void A_part_with_labels_has_them_beside_one_without()
    {
        NpzFile.Save(_folder["set.npz"], [new("x_train", Tensor.Zeros([2, 3])), new("x_test", Tensor.Zeros([1, 3])), new("y_test", Labels(3))]);
        DataSets sets = DataSource.Open(_folder["set.npz"], needsLabels: false);
        Assert.Equal((false, true), (sets.Train.HasLabels, sets.Test.HasLabels));
        Assert.Equal((4, 4), (sets.Train.ClassNames.Count, sets.Test.ClassNames.Count));
        Assert.Equal(3, sets.Test.Label(0));
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.UInt8)]
    [InlineData(DType.Int64)]
    public void One_hot_rows_are_labels(DType type)
    {
        Tensor rows = Tensor.From((float[])[0, 0, 1, 1, 0, 0], [2, 3]).To(type);
        Dataset set = Open(("x_train", Tensor.Zeros([2, 3])), ("y_train", rows)).Train;
        Assert.Equal([2L, 0], Enumerable.Range(0, 2).Select(set.Label));
    }

    [Fact]
    public void Columns_of_one_hot_rows_are_classes_also_if_no_sample_has_the_last()
    {
        Tensor rows = Tensor.From((float[])[1, 0, 0, 0, 0, 0, 1, 0, 0, 0], [2, 5]);
        Dataset set = Open(("x_train", Tensor.Zeros([2, 3])), ("y_train", rows)).Train;
        Assert.Equal((1L, 5), (set.Label(1), set.ClassNames.Count));
    }

    [Theory]
    [InlineData("not one-hot", 0f, 0f, 1f, 1f)]
    [InlineData("not one-hot", 0f, 0f, 0f, 1f)]
    [InlineData("not one-hot", 0.5f, 0.5f, 0f, 1f)]
    public void Rows_that_are_no_labels_are_refused(string message, params float[] rows) =>
        Assert.Contains(message, Refused(("x_train", Tensor.Zeros([2, 3])), ("y_train", Tensor.From(rows, [2, 2]))), StringComparison.Ordinal);

    [Theory]
    [InlineData(0.5f)]
    [InlineData(-1f)]
    [InlineData(float.NaN)]
    public void Number_that_is_no_class_is_refused(float label) =>
        Assert.Contains("not a class label", Refused(("x_train", Tensor.Zeros([1, 3])), ("y_train", Tensor.From((float[])[label], [1]))), StringComparison.Ordinal);

    [Fact]
    public void Array_that_nobody_asked_for_is_not_looked_at()
    {
        string path = _folder["set.npz"];
        NpzFile.Save(path, [new("x_train", Tensor.Zeros([2, 3])), new("y_train", Labels(0, 1)), new("meta", Labels(1))]);
        byte[] bytes = File.ReadAllBytes(path);
        using (var archive = System.IO.Compression.ZipFile.Open(path, System.IO.Compression.ZipArchiveMode.Update))
        {
            archive.GetEntry("meta.npy")!.Delete();
            using Stream meta = archive.CreateEntry("meta.npy").Open();
            meta.Write("\u0093NUMPY\u0001\0objects"u8);
        }

        Assert.NotEqual(bytes, File.ReadAllBytes(path));
        Assert.Equal(2, DataSource.Open(path).Train.Count);
    }

    [Fact]
    public void Channels_that_come_last_can_be_first()
    {
        Dataset set = Open(("x_train", Tensor.From([.. Enumerable.Range(0, 12).Select(i => (float)i)], [1, 2, 2, 3])), ("y_train", Labels(0))).Train;
        Assert.True(set.MayHaveChannelsLast);
        Dataset moved = set.WithChannelsFirst();
        Assert.False(moved.MayHaveChannelsLast);
        Assert.Equal([3, 2, 2], moved.SampleShape);
        Assert.Equal([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11], moved.Read(0, 1).Inputs.ToArray<float>());
    }

    [Fact]
    public void Gray_bytes_without_an_axis_for_it_are_pictures() =>
        Assert.Equal([1, 4, 5], Open(("x_train", Tensor.Zeros([2, 4, 5]).To(DType.UInt8)), ("y_train", Labels(0, 1))).Train.SampleShape);

    [Fact]
    public void Parts_of_different_shapes_are_refused() => Assert.Contains(
        "differ", Refused(("x_train", Tensor.Zeros([1, 3])), ("y_train", Labels(0)), ("x_test", Tensor.Zeros([1, 4])), ("y_test", Labels(0))), StringComparison.Ordinal);

    private static Tensor Labels(params long[] labels) => Tensor.From(labels, [labels.Length]);

    private DataSets Open(params (string Name, Tensor Array)[] arrays)
    {
        NpzFile.Save(_folder["set.npz"], arrays.Select(array => new KeyValuePair<string, Tensor>(array.Name, array.Array)));
        return DataSource.Open(_folder["set.npz"]);
    }

    private string Refused(params (string Name, Tensor Array)[] arrays) => Assert.Throws<ModelFormatException>(() => Open(arrays)).Message;
}
