using Temper.Data.Images;
using Temper.Formats;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Data.Tests.Images;

/// <summary>
/// Tests folders as found in practice: several sizes, gray among color, files that are not images, parts with other
/// names.
/// </summary>
public sealed class ImageFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Strangers => new()
    {
        { "webp", "WebP" }, { "gif", "GIF" }, { "tif", "TIFF" }, { "avif", "AVIF" }, { "jxl", "JPEG XL" }, { "txt", "unknown kind" }, { "noending", "PNG picture with a different file extension" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Gray_among_color_gives_color_whatever_comes_first(int gray)
    {
        for (int i = 0; i < 3; i++)
        {
            Put($"train/a/{i}.png", i == gray ? new Picture(2, 1, 1, [7, 9]) : new Picture(2, 1, 3, [1, 2, 3, 4, 5, 6]));
        }

        Put("test/a/0.png", new Picture(2, 1, 1, [7, 9]));
        DataSets sets = DataSource.Open(_folder.Path);
        Assert.Equal([3, 1, 2], sets.Train.SampleShape);
        Assert.Equal([3, 1, 2], sets.Test.SampleShape);       // although all its own images are gray
        Assert.Equal(Scaled(7, 9, 7, 9, 7, 9), Sample(sets.Train, gray));
        Assert.Equal(Scaled(1, 4, 2, 5, 3, 6), Sample(sets.Train, 2));
    }

    [Fact]
    public void Gray_with_opacity_is_gray()
    {
        File.WriteAllBytes(Put("train/a/0.png"), PngFiles.Write(colorType: 4, depth: 8, (1, 1), [50, 128], isInterlaced: false));
        Put("test/a/0.png", new Picture(1, 1, 1, [50]));
        Dataset train = DataSource.Open(_folder.Path).Train;
        Assert.Equal([1, 1, 1], train.SampleShape);
        Assert.Equal(Scaled(50), Sample(train, 0));
    }

    [Fact]
    public void Several_sizes_are_told_and_read_when_resized()
    {
        Put("train/a/0.png", new Picture(4, 4, 1, new byte[16]));
        Put("train/a/1.png", new Picture(2, 2, 1, [0, 100, 0, 100]));
        Put("train/b/0.png", new Picture(2, 2, 1, [10, 10, 10, 10]));
        DataSets sets = DataSource.Open(_folder.Path);
        Assert.Equal([[1, 2, 2], [1, 4, 4]], sets.Train.StoredShapes);
        Assert.Contains("0.png", Assert.Throws<ModelFormatException>(() => Sample(sets.Train, 0)).Message, StringComparison.Ordinal);

        // With half-pixel centers, a row of 0 and 100 becomes 0, 25, 75, 100 in four columns.
        Dataset resized = sets.Train.Resized(1, 4, PictureScaling.Linear);
        Assert.Equal([[1, 1, 4]], resized.StoredShapes);
        Assert.Equal([0, 25, 75, 100], Sample(resized, 1).Select(value => MathF.Round(value * 255, 3)));
        Assert.Equal([0, 0, 100, 100], Sample(sets.Train.Resized(1, 4, PictureScaling.Nearest), 1).Select(value => MathF.Round(value * 255, 3)));
        Assert.All(Sample(resized, 0), value => Assert.Equal(0, value));
        Assert.Equal([1, 1, 4], resized.Take(1).SampleShape);
    }

    [Fact]
    public void Resizing_twice_does_not_depend_on_what_was_read_before()
    {
        Put("train/a/0.png", new Picture(2, 2, 1, [0, 100, 200, 50]));
        Dataset once = DataSource.Open(_folder.Path).Train.Resized(4, 4, PictureScaling.Linear);
        var copied = new TensorDataset("once", Tensor.From(Sample(once, 0), [1, 1, 4, 4]), Tensor.From(new long[1], [1]));
        float[] expected = Sample(copied.Resized(3, 3, PictureScaling.Linear), 0);
        Dataset twice = once.Resized(3, 3, PictureScaling.Linear);
        for (int read = 0; read < 3; read++)
        {
            Assert.Equal(expected, Sample(twice, 0));
        }
    }

    [Fact]
    public void Resizing_twice_allocates_no_buffer_for_a_sample()
    {
        Dataset pictures = new TensorDataset("gray", Tensor.Zeros([1, 1, 4, 4]), Tensor.From(new long[1], [1]));
        Dataset twice = pictures.Resized(64, 64, PictureScaling.Linear).Resized(8, 8, PictureScaling.Linear);
        float[] sample = new float[64];
        twice.CopySample(0, sample);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int read = 0; read < 20; read++)
        {
            twice.CopySample(0, sample);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 64 * sizeof(float));     // less than one buffer
    }

    [Fact]
    public void Every_file_is_a_sample_or_named()
    {
        int files = 0;
        foreach ((string name, string _) in Strangers.Select(row => ((string)row[0], (string)row[1])))
        {
            File.WriteAllBytes(Put($"train/a/picture.{name}"), Start(name));
            files++;
        }

        foreach (string name in (string[])["train/a/0.png", "train/b/1.PNG", "train/b/deeper/2.png", "train/3.png", "test/a/4.png", "val/a/5.png", "test/c/._6.png"])
        {
            Put(name, new Picture(1, 1, 1, [1]));
            files++;
        }

        DataSets sets = DataSource.Open(_folder.Path);
        Assert.Equal(files - 1, sets.Train.Count + sets.Test.Count + sets.Unused.Sum(one => one.Count));      // "._6.png" is macOS metadata
        Assert.Equal(files - 4, sets.Unused.Count);
        Assert.Equal(sets.Unused.Count, sets.Unused.Select(one => one.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.All(sets.Unused, one => Assert.True(File.Exists(Path.Combine(_folder.Path, one.Name)), one.Name));
        Assert.All(sets.Unused, one => Assert.NotEmpty(one.Reason));
    }

    [Theory]
    [MemberData(nameof(Strangers))]
    public void Kind_that_cannot_be_read_is_told(string ending, string kind)
    {
        Put("train/a/0.png", new Picture(1, 1, 1, [1]));
        File.WriteAllBytes(Put($"train/a/1.{ending}"), Start(ending));
        UnusedSamples unused = Assert.Single(DataSource.Open(_folder.Path).Unused);
        Assert.Contains(kind, unused.Reason, StringComparison.Ordinal);
        Assert.Equal(Path.Combine("train", "a", $"1.{ending}"), unused.Name);

        // With the extension of a readable format, the file is rejected with its name and its actual format.
        if (ending is not "noending")
        {
            File.Copy(Path.Combine(_folder.Path, unused.Name), Put("train/a/2.png"));
            string message = Assert.Throws<ModelFormatException>(() => DataSource.Open(_folder.Path)).Message;
            Assert.Contains("2.png", message, StringComparison.Ordinal);
            Assert.Contains(kind, message, StringComparison.Ordinal);
        }
    }

    /// <summary>The samples of a class must not be missing silently. An administrator may read every folder.</summary>
    [Fact]
    public void Folder_that_may_not_be_read_is_an_error()
    {
        Put("train/a/0.png", new Picture(1, 1, 1, [1]));
        Put("train/b/0.png", new Picture(1, 1, 1, [1]));
        string closed = Path.Combine(_folder.Path, "train", "b");
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            return;
        }

        File.SetUnixFileMode(closed, UnixFileMode.None);
        try
        {
            Assert.Contains(closed, Assert.Throws<UnauthorizedAccessException>(() => DataSource.Open(_folder.Path)).Message, StringComparison.Ordinal);
            var list = PictureList.Find([_folder.Path]);
            Assert.Contains(closed, Assert.Single(list.Unreadable).Reason, StringComparison.Ordinal);
            Assert.Single(list.Pictures);
        }
        finally
        {
            File.SetUnixFileMode(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Only files directly in a class folder are samples. An administrator may read every folder.</summary>
    [Fact]
    public void Folder_that_can_hold_no_sample_may_be_closed()
    {
        Put("train/a/0.png", new Picture(1, 1, 1, [1]));
        Put("train/a/more/1.png", new Picture(1, 1, 1, [1]));
        string closed = Path.Combine(_folder.Path, "train", "a", "more");
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            return;
        }

        File.SetUnixFileMode(closed, UnixFileMode.None);
        try
        {
            UnusedSamples unused = Assert.Single(DataSource.Open(_folder.Path).Unused);
            Assert.Equal(Path.Combine("train", "a", "more"), unused.Name);
            Assert.Contains(closed, unused.Reason, StringComparison.Ordinal);
        }
        finally
        {
            File.SetUnixFileMode(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void Hidden_folders_and_those_of_the_file_system_are_not_searched()
    {
        foreach (string name in (string[])["a/0.png", ".Trash-0/1.png", ".Trash-0/files/2.png", "lost+found/3.png", "a/.thumbnails/4.png"])
        {
            Put($"train/{name}", new Picture(1, 1, 1, [1]));
        }

        DataSets sets = DataSource.Open(_folder.Path);
        Assert.Equal(["a"], sets.Train.ClassNames);
        Assert.Equal(1, sets.Train.Count);
        Assert.Empty(sets.Unused);
        Assert.Single(PictureList.Find([_folder.Path]).Pictures);
    }

    [Fact]
    public void Folder_that_is_too_deep_is_told()
    {
        Put("train/a/2/3/4/5/6/7/0.png", new Picture(1, 1, 1, [1]));              // eight folders below the first
        Put("train/a/2/3/4/5/6/7/8/0.png", new Picture(1, 1, 1, [1]));
        Put("train/a/0.png", new Picture(1, 1, 1, [1]));
        var list = PictureList.Find([_folder.Path]);
        Assert.Equal(2, list.Pictures.Count);
        Assert.Contains("more than 8 folders deep", Assert.Single(list.Unused).Reason, StringComparison.Ordinal);
        Assert.EndsWith("8", list.Unused[0].Name, StringComparison.Ordinal);

        Put("train/a/2/3/4/5/6/7/8/9/0.png", new Picture(1, 1, 1, [1]));
        IReadOnlyList<UnusedSamples> unused = DataSource.Open(_folder.Path).Unused;
        Assert.Equal(3, unused.Count);
        Assert.Equal(Path.Combine("train", "a", "2", "3", "4", "5", "6", "7", "8", "9"), unused[^1].Name);
    }

    [Theory]
    [InlineData("val")]
    [InlineData("valid")]
    [InlineData("validation")]
    public void Validation_folder_stands_in_for_test(string name)
    {
        Put("train/a/0.png", new Picture(1, 1, 1, [1]));
        Put($"{name}/a/0.png", new Picture(1, 1, 1, [2]));
        Put($"{name}/a/1.png", new Picture(1, 1, 1, [3]));
        DataSets sets = DataSource.Open(_folder.Path);
        Assert.Equal((1, 2), (sets.Train.Count, sets.Test.Count));
        Assert.Empty(sets.Unused);
    }

    [Theory]
    [InlineData("train", 2, 0)]
    [InlineData("test", 0, 2)]
    public void One_part_is_enough_and_the_other_is_empty(string part, int train, int test)
    {
        Put($"{part}/a/0.png", new Picture(2, 1, 1, [1, 1]));
        Put($"{part}/b/0.png", new Picture(2, 1, 1, [1, 1]));
        DataSets sets = DataSource.Open(_folder.Path);
        Assert.Equal((train, test), (sets.Train.Count, sets.Test.Count));
        Assert.Equal(sets.Train.SampleShape, sets.Test.SampleShape);
        Assert.Equal(["a", "b"], sets.Test.ClassNames);
    }

    [Fact]
    public void Class_that_one_part_lacks_does_not_move_the_others()
    {
        foreach (string name in (string[])["train/a/0.png", "train/b/0.png", "train/c/0.png", "test/c/0.png"])
        {
            Put(name, new Picture(1, 1, 1, [1]));
        }

        DataSets sets = DataSource.Open(_folder.Path);
        Assert.Equal(["a", "b", "c"], sets.Test.ClassNames);
        Assert.Equal(2, sets.Test.Label(0));
    }

    private static byte[] Start(string ending) => ending switch
    {
        "webp" => [.. "RIFF"u8, 48, 0, 0, 0, .. "WEBPVP8L"u8],
        "gif" => [.. "GIF89a"u8, 1, 0, 1, 0],
        "tif" => [.. "II"u8, 42, 0, 8, 0, 0, 0],
        "avif" => [0, 0, 0, 32, .. "ftypavif"u8],
        "jxl" => [0xFF, 0x0A, 0, 0],
        "noending" => PngEncoder.Encode(new Picture(1, 1, 1, [1])),
        _ => "notes"u8.ToArray(),
    };

    private static float[] Sample(Dataset set, int index)
    {
        float[] sample = new float[set.SampleShape.Count];
        set.CopySample(index, sample);
        return sample;
    }

    private static float[] Scaled(params float[] values) => [.. values.Select(value => value * (1f / 255f))];

    private string Put(string name)
    {
        string path = Path.Combine([_folder.Path, .. name.Split('/')]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private void Put(string name, Picture picture) => File.WriteAllBytes(Put(name), PngEncoder.Encode(picture));
}
