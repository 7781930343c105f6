using System.Buffers.Binary;
using System.IO.Compression;
using Temper.Data.Images;
using Temper.Data.Readers;
using Temper.Data.Tests.Images;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Data.Tests.Readers;

/// <summary>
/// The contract of every data reader: truncated, damaged and hostile files are read or rejected, without any other
/// failure.
/// </summary>
public sealed class DataReaderTests : IDisposable
{
    private const int CifarRecord = 3073;

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-data-").FullName;

    public static TheoryData<string> Kinds =>
        ["idx pictures", "idx labels", "idx pictures gz", "cifar10", "cifar10 gz", "cifar100", "npz set", "png", "png palette", "bmp", "bmp palette", "ppm", "pgm text"];

    public static TheoryData<string> Hostile => [.. HostileFiles().Keys];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void File_cut_at_any_length_is_refused(string kind)
    {
        (byte[] good, Action<byte[]> read) = Reader(kind);
        read(good);

        // A prefix of whole CIFAR records is a valid file, so the prefix of that length is replaced by an empty file.
        int whole = kind switch { "cifar10" => CifarRecord, "cifar100" => 0, _ => -1 };
        HostileBytes.RefusesEveryBeginning<ModelFormatException>(good, whole < 0 ? read : bytes => read(bytes.Length == whole ? [] : bytes));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Damaged_file_is_read_or_refused(string kind)
    {
        (byte[] good, Action<byte[]> read) = Reader(kind);
        HostileBytes.Survives<ModelFormatException>(good, read, kind.StartsWith("png", StringComparison.Ordinal) ? GoldenPictures.WithCheckSums : null);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Hostile_file_is_refused(string name)
    {
        (string kind, byte[] file) = HostileFiles()[name];
        var error = Assert.Throws<ModelFormatException>(() => Reader(kind).Read(file));
        Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Idx_pictures_and_labels_are_read_plain_and_packed()
    {
        (byte[] pictures, byte[] labels) = (Idx(0x0803, [2, 2, 3], 0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6), Idx(0x0801, [2], 7, 1));
        foreach (string ending in new[] { "", ".gz" })
        {
            foreach (string part in new[] { "train", "t10k" })
            {
                Write($"set{ending}/{part}-images-idx3-ubyte{ending}", ending.Length > 0 ? Packed(pictures) : pictures);
                Write($"set{ending}/{part}-labels-idx1-ubyte{ending}", ending.Length > 0 ? Packed(labels) : labels);
            }

            DataSets sets = DataSource.Open(Path.Combine(_folder, "set" + ending));
            Assert.Equal((2, 2), (sets.Train.Count, sets.Test.Count));
            Assert.Equal(Shape.Create(1, 2, 3), sets.Train.SampleShape);
            float[] sample = new float[6];
            sets.Train.CopySample(0, sample);
            Assert.Equal([0, 0.2f, 0.4f, 0.6f, 0.8f, 1], sample.Select(v => MathF.Round(v, 6)));
            Assert.Equal((7L, 1L), (sets.Test.Label(0), sets.Test.Label(1)));
        }
    }

    /// <summary>Such files are made by bgzip and by concatenation; bgzip appends an empty member.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gzip_file_of_several_members_is_read_and_refused_if_cut(bool withEmpty)
    {
        byte[] content = [.. Enumerable.Range(0, 500).Select(i => (byte)(i * i))];
        byte[] empty = [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, 66, 67, 2, 0, 27, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] first = Packed(content[..300]), second = [.. Packed(content[300..]), .. withEmpty ? empty : []];
        Assert.Equal(content, CompressedFile.ReadAll(Write("whole.gz", [.. first, .. second]), max: 1000));
        for (int cut = 1; cut < second.Length; cut++)
        {
            if (second.Length - cut != Packed(content[300..]).Length)             // a file that ends after a member is whole
            {
                string path = Write("cut.gz", [.. first, .. second[..^cut]]);
                Assert.Throws<ModelFormatException>(() => CompressedFile.ReadAll(path, max: 1000));
            }
        }
    }

    [Fact]
    public void Cifar_records_are_read_in_order()
    {
        string first = Write("data_batch_1.bin", [.. Cifar(3, 10), .. Cifar(4, 20)]), fine = Write("train.bin", [1, .. Cifar(42, 30)]);
        ImageDataset ten = CifarReader.Read([first, first], "cifar10", CifarReader.Cifar10Classes);
        Assert.Equal([3L, 4, 3, 4], Enumerable.Range(0, 4).Select(ten.Label));
        Assert.Equal((10, 20), (ten.Pixels(0)[3071], ten.Pixels(3)[0]));
        Assert.Equal(42, CifarReader.Read([fine], "cifar100", [.. Enumerable.Range(0, 100).Select(c => $"{c}")]).Label(0));
    }

    [Fact]
    public void Npz_set_is_read_with_bytes_as_fractions()
    {
        DataSets sets = DataSource.Open(Write("set.npz", NpzSet()));
        float[] sample = new float[2];
        sets.Test.CopySample(0, sample);
        Assert.Equal([0, 1], sample);
        Assert.Equal(1, sets.Train.Label(1));
    }

    [Fact]
    public void Picture_folder_has_a_class_a_folder_in_ordinal_order()
    {
        foreach ((string file, byte gray) in new[] { ("train/b/2.png", (byte)20), ("train/b/10.png", (byte)10), ("train/a/1.pgm", (byte)30), ("test/a/1.png", (byte)40), ("test/b/notes.txt", (byte)0) })
        {
            var picture = new Picture(2, 1, 1, [gray, gray]);
            Write(file, file.EndsWith("pgm", StringComparison.Ordinal) ? [.. "P5 2 1 255\n"u8, gray, gray] : PngEncoder.Encode(picture));
        }

        DataSets sets = DataSource.Open(_folder);
        Assert.Equal(["a", "b"], sets.Train.ClassNames);
        Assert.Equal([0L, 1, 1], Enumerable.Range(0, 3).Select(sets.Train.Label));
        float[] sample = new float[2];
        sets.Train.CopySample(1, sample);
        Assert.Equal(10 / 255f, sample[0], 1e-6f);

        Write("train/b/10.png", PngEncoder.Encode(new Picture(3, 1, 1, new byte[3])));
        Assert.Contains("10.png", Assert.Throws<ModelFormatException>(() => sets.Train.CopySample(1, sample)).Message);
    }

    private (byte[] Good, Action<byte[]> Read) Reader(string kind)
    {
        string labels = Write("labels", Idx(0x0801, [2], 7, 1)), pictures = Write("pictures", Idx(0x0803, [2, 1, 3], 1, 2, 3, 4, 5, 6));
        return kind switch
        {
            "idx pictures" => (File.ReadAllBytes(pictures), b => IdxReader.Read(Write("bad", b), labels, "x")),
            "idx pictures gz" => (Packed(File.ReadAllBytes(pictures)), b => IdxReader.Read(Write("bad.gz", b), labels, "x")),
            "idx labels" => (File.ReadAllBytes(labels), b => IdxReader.Read(pictures, Write("bad", b), "x")),
            "cifar10" => ([.. Cifar(3, 10), .. Cifar(9, 20)], b => CifarReader.Read([Write("bad", b)], "x", CifarReader.Cifar10Classes)),
            "cifar10 gz" => (Packed([.. Cifar(3, 10), .. Cifar(9, 20)]), b => CifarReader.Read([Write("bad.gz", b)], "x", CifarReader.Cifar10Classes)),
            "cifar100" => ([5, .. Cifar(99, 10)], b => CifarReader.Read([Write("bad", b)], "x", [.. Enumerable.Range(0, 100).Select(c => $"{c}")])),
            "npz set" => (NpzSet(), b => NpzReader.Read(Write("bad.npz", b))),
            "png" => (GoldenPictures.File("png opacity"), b => PictureFile.Decode(b, Path.Combine(_folder, "bad.png"))),
            "png palette" => (GoldenPictures.File("png palette with opacity"), b => PictureFile.Decode(b, Path.Combine(_folder, "bad.png"))),
            "bmp" => (GoldenPictures.File("bmp color"), b => PictureFile.Decode(b, Path.Combine(_folder, "bad.bmp"))),
            "bmp palette" => (GoldenPictures.File("bmp palette"), b => PictureFile.Decode(b, Path.Combine(_folder, "bad.bmp"))),
            "ppm" => (GoldenPictures.File("ppm"), b => PictureFile.Decode(b, Path.Combine(_folder, "bad.ppm"))),
            _ => ("P2 2 2 9 1 2 3 4"u8.ToArray(), b => PictureFile.Decode(b, Path.Combine(_folder, "bad.pgm"))),
        };
    }

    private static Dictionary<string, (string Kind, byte[] File)> HostileFiles() => new(StringComparer.Ordinal)
    {
        ["IDX with another magic number"] = ("idx pictures", Idx(0x0801, [2, 1, 3], 1, 2, 3, 4, 5, 6)),
        ["IDX with bytes behind the last picture"] = ("idx pictures", Idx(0x0803, [2, 1, 3], 1, 2, 3, 4, 5, 6, 7)),
        ["IDX that overflows"] = ("idx pictures", Idx(0x0803, [int.MaxValue, int.MaxValue, int.MaxValue])),
        ["IDX with a negative size"] = ("idx pictures", Idx(0x0803, [2, -1, -3], 1, 2, 3, 4, 5, 6)),
        ["IDX with no pictures of an impossible size"] = ("idx pictures", Idx(0x0803, [0, int.MaxValue, int.MaxValue])),
        ["IDX with another number of labels"] = ("idx labels", Idx(0x0801, [3], 1, 2, 3)),
        ["gz that is none"] = ("idx pictures gz", Idx(0x0803, [2, 1, 3], 1, 2, 3, 4, 5, 6)),
        ["CIFAR of no record"] = ("cifar10", []),
        ["CIFAR cut within a record"] = ("cifar10", Cifar(1, 1)[..^1]),
        ["CIFAR with a byte too many"] = ("cifar10", [.. Cifar(1, 1), 0]),
        ["CIFAR with a label that is no class"] = ("cifar10", Cifar(10, 1)),
        ["npz without labels"] = ("npz set", Npz(("x_train", Tensor.Zeros([2, 2])))),
        ["npz with labels of another length"] = ("npz set", Npz(("x_train", Tensor.Zeros([2, 2])), ("y_train", Tensor.From<long>([1], [1])))),
        ["npz with a negative label"] = ("npz set", Npz(("x_train", Tensor.Zeros([1, 2])), ("y_train", Tensor.From<long>([-1], [1])))),
        ["npz with a label of 2^40"] = ("npz set", Npz(("x_train", Tensor.Zeros([1, 2])), ("y_train", Tensor.From<long>([1L << 40], [1])))),
        ["picture of no known format"] = ("png", "GIF89a"u8.ToArray()),
        ["PNG with a wrong check sum"] = ("png", Changed("png gray", 20, 77)),
        ["PNG that claims 8000 x 8000 pixels"] = ("png", Resized(8000, 8000)),
        ["PNG that claims 2^31 pixels a side"] = ("png", Resized(int.MaxValue, int.MaxValue)),
        ["PNG of no width"] = ("png", Resized(0, 5)),
        ["BMP that claims 16000 x 16000 pixels"] = ("bmp", Bmp(16000, 16000)),
        ["BMP with the smallest height there is"] = ("bmp", Bmp(1, int.MinValue)),
        ["BMP that is compressed"] = ("bmp", Changed("bmp color", 30, 1)),
        ["PNM that claims 999999999 pixels a side"] = ("ppm", "P6 999999999 999999999 255\n0"u8.ToArray()),
        ["PNM with a number of twenty digits"] = ("ppm", "P6 10000000000000000001 1 255\n000"u8.ToArray()),
        ["PNM with a value above the most"] = ("pgm text", "P2 1 1 9 10"u8.ToArray()),
        ["PNM of bits"] = ("pgm text", "P4 8 1 0"u8.ToArray()),
    };

    private static byte[] Changed(string picture, int at, byte value)
    {
        byte[] file = GoldenPictures.File(picture);
        file[at] = value;
        return file;
    }

    private static byte[] Resized(int width, int height)
    {
        byte[] png = GoldenPictures.File("png gray");
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), height);
        return GoldenPictures.WithCheckSums(png);
    }

    private static byte[] Bmp(int width, int height)
    {
        byte[] bmp = GoldenPictures.File("bmp color");
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(22), height);
        return bmp;
    }

    private static byte[] Idx(int magic, int[] sizes, params byte[] values) => [.. BigEndian(magic), .. sizes.SelectMany(BigEndian), .. values];

    private static byte[] BigEndian(int number)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static byte[] Cifar(byte label, byte value) => [label, .. Enumerable.Repeat(value, CifarRecord - 1)];

    private static byte[] NpzSet() => Npz(
        ("x_train", Tensor.From<byte>([1, 2, 3, 4], [2, 2])), ("y_train", Tensor.From<long>([0, 1], [2])),
        ("x_test", Tensor.From<byte>([0, 255], [1, 2])), ("y_test", Tensor.From<long>([1], [1])));

    private static byte[] Npz(params (string Name, Tensor Array)[] arrays)
    {
        string path = Path.GetTempFileName();
        NpzFile.Save(path, arrays.Select(array => KeyValuePair.Create(array.Name, array.Array)));
        byte[] bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
