using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Formats.Tests.Models;
using Temper.Formats.Tests.Onnx;
using Temper.Formats.Safetensors;
using Temper.Formats.TorchCheckpoints;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Formats.Tests.TorchCheckpoints;

namespace Temper.Formats.Tests;

/// <summary>
/// Contract of every reader of arrays and models: files of other programs are read, hostile files are refused.
/// </summary>
public sealed class FormatReaderTests : IDisposable
{
    private static readonly Tensor[] Samples =
    [
        Tensor.From([1.5f, -2, float.NaN, float.PositiveInfinity, 0, float.Epsilon], [2, 3]), Tensor.From<long>([long.MinValue, -1, long.MaxValue], [3]),
        Tensor.From([int.MinValue, 7], [2, 1]), Tensor.From<byte>([0, 255], [2]), Tensor.From([true, false, true], [3]), Tensor.Scalar(4f), Tensor.Zeros([0, 5]),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-formats-").FullName;

    public static TheoryData<string> Kinds => ["npy", "npz", "safetensors", "model file", "model graph", "PyTorch archive", "PyTorch pickles", "sparse model file", "ONNX", "ONNX tensor"];

    public static TheoryData<string> Recorded
    {
        get
        {
            using JsonDocument golden = Golden();
            return [.. golden.RootElement.EnumerateObject().Select(c => c.Name)];
        }
    }

    public static TheoryData<string> Hostile => [.. HostileFiles().Keys];

    private static readonly Dictionary<string, Action<Stream>> StreamReaders = new(StringComparer.Ordinal)
    {
        ["SafetensorsFile.Read"] = stream => SafetensorsFile.Read(stream, "x"),
        ["OnnxFile.Read"] = stream => OnnxFile.Read(stream, "x"),
        ["OnnxFile.ReadTensor"] = stream => OnnxFile.ReadTensor(stream, "x"),
        ["TorchCheckpoint.Read"] = stream => TorchCheckpoint.Read(stream, "x"),
    };

    public static TheoryData<string> StreamReaderNames => [.. StreamReaders.Keys];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(StreamReaderNames))]
    public void Stream_that_cannot_seek_is_refused_at_once(string reader)
    {
        using var unread = new MemoryStream([1, 2, 3]);
        using var stream = new DeflateStream(unread, CompressionMode.Decompress);
        ArgumentException error = Assert.Throws<ArgumentException>("stream", () => StreamReaders[reader](stream));
        Assert.StartsWith($"{reader}: the stream cannot seek (got DeflateStream, ", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, unread.Position);
        Assert.Throws<ArgumentNullException>("stream", () => StreamReaders[reader](null!));
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public void File_of_another_program_is_read(string name)
    {
        using JsonDocument golden = Golden();
        JsonElement recorded = golden.RootElement.GetProperty(name);
        byte[] file = recorded.GetProperty("file").GetBytesFromBase64();
        Tensor x = name.Split(' ')[0] switch
        {
            "npy" => NpyFile.Read(new MemoryStream(file), file.Length, name),
            "npz" => NpzFile.Read(new MemoryStream(file), name)["x"],
            _ => SafetensorsFile.Read(new MemoryStream(file), name)["x"],
        };
        Assert.Equal(recorded.GetProperty("shape").EnumerateArray().Select(l => l.GetInt32()), x.Shape.AsSpan().ToArray());
        Assert.Equal(recorded.GetProperty("values").EnumerateArray().Select(v => (float)v.GetDouble()), x.To(DType.Float32).ToArray<float>());
    }

    [Fact]
    public void Array_written_then_read_is_the_same()
    {
        foreach (Tensor sample in Samples)
        {
            string npy = Path.Combine(_folder, "x.npy"), npz = Path.Combine(_folder, "x.npz"), safetensors = Path.Combine(_folder, "x.safetensors");
            NpyFile.Save(npy, sample);
            NpzFile.Save(npz, [new("a", sample), new("b/c", sample)]);
            new SafetensorsFile([new("a", sample), new("b.c", sample)], new Dictionary<string, string> { ["k"] = "v \"ü\"" }).Save(safetensors);
            SafetensorsFile file = SafetensorsFile.Load(safetensors);
            Assert.Equal("v \"ü\"", file.Metadata["k"]);
            foreach (Tensor read in new[] { NpyFile.Load(npy), NpzFile.Load(npz)["b/c"], file["b.c"] })
            {
                Assert.Equal((sample.DType, sample.Shape), (read.DType, read.Shape));
                Assert.Equal(Elements.Write(sample).ToArray(), Elements.Write(read).ToArray());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void File_cut_at_any_length_is_refused(string kind)
    {
        (byte[] good, Action<byte[]> read) = Reader(kind);
        read(good);
        HostileBytes.RefusesEveryBeginning<ModelFormatException>(good, read);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Damaged_file_is_read_or_refused(string kind)
    {
        (byte[] good, Action<byte[]> read) = Reader(kind);
        HostileBytes.Survives<ModelFormatException>(good, read);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Hostile_file_is_refused_with_its_name_and_its_place_if_there_is_one(string name)
    {
        byte[] file = HostileFiles()[name];
        var error = Assert.Throws<ModelFormatException>(() => Reader(name.Split(' ')[0]).Read(file));
        Assert.Contains(error.File, error.Message, StringComparison.Ordinal);
        Assert.EndsWith(error.Offset is { } place ? $"(at byte {place})" : error.Reason, error.Message, StringComparison.Ordinal);
        Assert.True(error.Offset is not null || error.File.EndsWith(".npz", StringComparison.Ordinal), error.Message);
    }

    /// <summary>Arrays in Fortran order, as <c>numpy.save</c> writes <c>numpy.asfortranarray(x)</c>.</summary>
    [Theory]
    [InlineData("(2, 3)", new byte[] { 1, 4, 2, 5, 3, 6 }, new byte[] { 1, 2, 3, 4, 5, 6 })]
    [InlineData("(2, 1, 2, 2)", new byte[] { 0, 4, 2, 6, 1, 5, 3, 7 }, new byte[] { 0, 1, 2, 3, 4, 5, 6, 7 })]
    [InlineData("(1, 2, 1, 1, 3, 1)", new byte[] { 1, 4, 2, 5, 3, 6 }, new byte[] { 1, 2, 3, 4, 5, 6 })]
    [InlineData("(1, 3, 1)", new byte[] { 7, 8, 9 }, new byte[] { 7, 8, 9 })]
    [InlineData("(3,)", new byte[] { 7, 8, 9 }, new byte[] { 7, 8, 9 })]
    [InlineData("()", new byte[] { 7 }, new byte[] { 7 })]
    public void Array_in_Fortran_order_is_read(string shape, byte[] stored, byte[] expected)
    {
        Assert.Equal(expected, Stored("|u1", stored).ToArray<byte>());
        Assert.Equal(expected.Select(value => (long)value), Stored("<i8", [.. stored.SelectMany(value => BitConverter.GetBytes((long)value))]).ToArray<long>());
        Assert.Equal(expected.Select(value => (float)value), Stored("<f8", [.. stored.SelectMany(value => BitConverter.GetBytes((double)value))]).ToArray<float>());

        Tensor Stored(string type, byte[] bytes)
        {
            byte[] file = [.. Npy($"{{'descr': '{type}', 'fortran_order': True, 'shape': {shape}, }}", 0), .. bytes];
            Tensor x = NpyFile.Read(new MemoryStream(file), file.Length, "x.npy");
            Assert.Equal(shape, $"({string.Join(", ", x.Shape)}{(x.Rank == 1 ? "," : "")})");
            return x;
        }
    }

    [Theory]
    [InlineData("safetensors")]
    [InlineData("npz")]
    [InlineData("PyTorch archive")]
    [InlineData("ONNX")]
    public void Pointer_of_git_lfs_and_gzip_are_named(string kind)
    {
        Action<byte[]> read = Reader(kind).Read;
        var pointer = Assert.Throws<ModelFormatException>(() => read(Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:abab\nsize 12345\n")));
        Assert.EndsWith(": a git-lfs pointer, not the file itself; run git lfs pull", pointer.Message);
        var packed = Assert.Throws<ModelFormatException>(() => read([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]));
        Assert.EndsWith(": compressed with gzip; unpack it first", packed.Message);
        Assert.Null(packed.Offset);
    }

    [Fact]
    public void Onnx_file_without_its_ending_is_named()
    {
        byte[] file = Reader("ONNX").Good;
        Assert.Contains(".onnx", Assert.Throws<ModelFormatException>(() => SafetensorsFile.Read(new MemoryStream(file), "model")).Message);
    }

    /// <summary>Such a file need not be damaged, but its bytes do not fit into one array.</summary>
    [Fact]
    public void Tensor_above_two_gigabytes_is_refused_with_the_largest_number_of_elements()
    {
        byte[] tensors = Safetensors("""{"big":{"dtype":"F32","shape":[600000000],"data_offsets":[0,2400000000]}}""");
        byte[] array = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (600000000,), }", 0);
        Assert.Contains(
            "tensor 'big' is too large (got 600000000 elements of Float32, expected at most 536870897)",
            Assert.Throws<ModelFormatException>(() => SafetensorsFile.Read(new MemoryStream(tensors), "x.safetensors")).Message);
        Assert.Contains(
            "the array is too large (got 600000000 elements of Float32, expected at most 536870897)",
            Assert.Throws<ModelFormatException>(() => NpyFile.Read(new MemoryStream(array), array.Length, "x.npy")).Message);
    }

    [Fact]
    public void Arrays_of_an_archive_that_share_their_bytes_are_refused()
    {
        Assert.Single(NpzFile.Read(new MemoryStream(Overlapping(1)), "x.npz"));
        Assert.Contains("overlap", Assert.Throws<ModelFormatException>(() => NpzFile.Read(new MemoryStream(Overlapping(4)), "x.npz")).Message);
    }

    /// <summary>A safetensors header may have a length whose bytes begin like a gzip file.</summary>
    [Fact]
    public void Header_whose_length_resembles_gzip_is_read()
    {
        byte[] file = Safetensors("{}" + new string(' ', 0x8B1F - 2));
        Assert.Equal((byte[])[0x1F, 0x8B], file[..2]);
        Assert.Empty(SafetensorsFile.Read(new MemoryStream(file), "x.safetensors").Tensors);
    }

    [Fact]
    public void Write_that_fails_leaves_the_file_that_was_there()
    {
        string path = Path.Combine(_folder, "x.bin");
        File.WriteAllText(path, "before");
        Assert.Throws<IOException>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new IOException("no space left");
        }));
        Assert.Equal("before", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Write_removes_what_a_killed_process_left_of_the_same_file()
    {
        const int Ended = int.MaxValue;
        string folder = Path.Combine(_folder, "new"), path = Path.Combine(folder, "x.bin");
        Directory.CreateDirectory(folder);
        string[] staying = [$".y.bin.{Ended}.tmp", ".x.bin.tmp", ".x.bin..tmp", ".x.bin.-3.tmp", ".x.bin.new.tmp", $".x.bin.{Ended}"];
        foreach (string name in (string[])[.. staying, $".x.bin.{Ended}.tmp", $".x.bin.{Ended - 1}.tmp"])
        {
            File.WriteAllText(Path.Combine(folder, name), "half");
        }

        // As a process of another machine would hold it.
        using (new FileStream(Path.Combine(folder, $".x.bin.{Ended - 1}.tmp"), FileMode.Open, FileAccess.Write, FileShare.None))
        {
            AtomicFile.WriteText(path, "whole");
            string[] found = [.. Directory.GetFiles(folder).Select(one => Path.GetFileName(one)).Order(StringComparer.Ordinal)];
            Assert.Equal(((string[])[.. staying, $".x.bin.{Ended - 1}.tmp", "x.bin"]).Order(StringComparer.Ordinal), found);
        }

        AtomicFile.WriteText(path, "again");
        Assert.Equal("again", File.ReadAllText(path));
        Assert.Equal(staying.Length + 1, Directory.GetFiles(folder).Length);
    }

    /// <summary>The temporary file that is written first is of no concern to the caller.</summary>
    [Fact]
    public void Write_that_fails_names_the_file()
    {
        string file = Path.Combine(_folder, "file"), taken = Path.Combine(_folder, "taken");
        File.WriteAllText(file, "");
        Directory.CreateDirectory(taken);
        Named(Path.Combine(file, "x.npz"), "cannot be written (");
        Named(taken, "cannot be written (a folder has this name)");
        if (OperatingSystem.IsLinux())
        {
            Named("/proc/x.npz", "cannot be written (its folder takes no files)");        // not even root may create files there
        }

        static void Named(string path, string why)
        {
            string message = Assert.Throws<IOException>(() => AtomicFile.WriteText(path, "x")).Message;
            Assert.StartsWith($"{path}: {why}", message, StringComparison.Ordinal);
            Assert.DoesNotContain(".tmp", message, StringComparison.Ordinal);
        }
    }

    private (byte[] Good, Action<byte[]> Read) Reader(string kind)
    {
        Network network = Network.Build(InputSpec.Features(3), x => x.Linear(2)).Initialize(RandomStream.FromSeed(1));
        string path = Path.Combine(_folder, "model");
        switch (kind)
        {
            case "npy":
                return (Bytes(s => NpyFile.Write(s, Samples[0])), b => NpyFile.Read(new MemoryStream(b), b.Length, "x.npy"));
            case "npz":
                NpzFile.Save(path, [new("a", Samples[0]), new("b", Samples[1])]);
                return (File.ReadAllBytes(path), b => NpzFile.Read(new MemoryStream(b), "x.npz"));
            case "safetensors":
                var file = new SafetensorsFile([new("a", Samples[0]), new("b", Samples[4])], new Dictionary<string, string> { ["k"] = "v" });
                return (Bytes(file.Write), b => SafetensorsFile.Read(new MemoryStream(b), "x.safetensors"));
            case "PyTorch archive":
            case "PyTorch pickles":
                return (TorchCheckpointTests.Sample($"{kind[8..]} checkpoint"), b => TorchCheckpointTests.Read(b));
            case "ONNX tensor":
                return (OnnxFileTests.TensorBytes(), b => OnnxFile.ReadTensor(new MemoryStream(b), "x.pb"));
            case "ONNX":
                Network convolution = Network.Build(InputSpec.Image(1, 4, 4), x => x.Conv2d(2, kernel: 3).Relu().Flatten().Linear(2)).Initialize(RandomStream.FromSeed(1));
                return (OnnxFileTests.Bytes(convolution), b => OnnxFile.Read(new MemoryStream(b), "x.onnx"));
            case "sparse model file":
                ModelFile.Save(SparseStorageTests.Pruned(Network.Build(InputSpec.Features(30), x => x.Linear(20)), 0.9, masked: true), path + ".safetensors", new SaveOptions { Sparse = true });
                return (File.ReadAllBytes(path + ".safetensors"), b =>
                {
                    File.WriteAllBytes(path + ".safetensors", b);
                    ModelFile.Load(path + ".safetensors");
                });
            case "model file":
                ModelFile.Save(network, path + ".safetensors");
                return (File.ReadAllBytes(path + ".safetensors"), b =>
                {
                    File.WriteAllBytes(path + ".safetensors", b);
                    ModelFile.Load(path + ".safetensors");
                });
            default:
                ModelFile.Save(network, path);
                string graph = Path.Combine(path, ModelFile.GraphName);
                return (File.ReadAllBytes(graph).AsSpan().TrimEnd("\r\n "u8).ToArray(), b =>
                {
                    File.WriteAllBytes(graph, b);
                    ModelFile.Load(path);
                });
        }
    }

    private static Dictionary<string, byte[]> HostileFiles()
    {
        byte[] zeros = new byte[8];
        return new(StringComparer.Ordinal)
        {
            ["safetensors header longer than the file"] = [255, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'],
            ["safetensors header of 2^63 bytes"] = [0, 0, 0, 0, 0, 0, 0, 0x80, (byte)'{', (byte)'}'],
            ["safetensors header that is a list"] = Safetensors("[]"),
            ["safetensors deep nesting"] = Safetensors(string.Concat(Enumerable.Repeat("{\"a\":", 1000)) + "1" + new string('}', 1000)),
            ["safetensors shape overflow"] = Safetensors("""{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,0]}}"""),
            ["safetensors axis of 2^40"] = Safetensors("""{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"""),
            ["safetensors negative axis"] = Safetensors("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}"""),
            ["safetensors negative place"] = Safetensors("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"""),
            ["safetensors overlap"] = Safetensors("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", zeros),
            ["safetensors gap"] = Safetensors("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", zeros),
            ["safetensors bytes behind the last tensor"] = Safetensors("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", zeros),
            ["safetensors length that is not the shape's"] = Safetensors("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", zeros),
            ["safetensors name twice"] = Safetensors("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", zeros),
            ["safetensors unknown dtype"] = Safetensors("""{"a":{"dtype":"F8","shape":[8],"data_offsets":[0,8]}}""", zeros),
            ["safetensors number above 2^63"] = Safetensors("""{"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}""", [.. Enumerable.Repeat((byte)255, 8)]),
            ["npy wrong magic"] = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 4, version: 9),
            ["npy shape overflow"] = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 2147483647), }", 4),
            ["npy axis of 2^40"] = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }", 4),
            ["npy claims a gigabyte"] = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (268435456,), }", 4),
            ["npy with a thousand axes"] = Npy("{'descr': '|u1', 'fortran_order': True, 'shape': (" + string.Concat(Enumerable.Repeat("1, ", 1000)) + "), }", 1),
            ["npy bytes behind the numbers"] = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 5),
            ["npy objects"] = Npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 8),
            ["npy big-endian"] = Npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4),
            ["npy header that takes long"] = Npy("{" + string.Concat(Enumerable.Repeat("'descr'" + new string(' ', 100), 600)), 4),
            ["npz array twice"] = Zip(("a.npy", Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 4)), ("a.npy", Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 4))),
            ["npz that is no archive"] = "PK\u0003\u0004 but no archive"u8.ToArray(),
            ["npz array longer than its deflated bytes can hold"] = Bomb(),
            ["npz arrays that share their bytes"] = Overlapping(4),
        };
    }

    /// <summary>An archive whose directory claims that a few bytes unpack to a gigabyte.</summary>
    private static byte[] Bomb()
    {
        byte[] zip = Zip(("a.npy", Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (268435424,), }", 4)));
        int directory = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(directory + 24), 1 << 30);
        return zip;
    }

    /// <summary>An archive whose directory has several entries for the same bytes.</summary>
    private static byte[] Overlapping(int count)
    {
        byte[] array = Npy("{'descr': '|u1', 'fortran_order': False, 'shape': (800,), }", 800);
        RandomCursor random = RandomStream.FromSeed(1).Cursor();
        for (int i = array.Length - 800; i < array.Length; i++)
        {
            array[i] = (byte)random.NextInt32(256);
        }

        byte[] zip = Zip(("a.npy", array));
        int directory = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8), end = zip.AsSpan().LastIndexOf("PK\u0005\u0006"u8), nameAt = 46;
        byte[] entry = zip[directory..end], tail = zip[end..];
        BinaryPrimitives.WriteInt16LittleEndian(tail.AsSpan(8), (short)count);
        BinaryPrimitives.WriteInt16LittleEndian(tail.AsSpan(10), (short)count);
        BinaryPrimitives.WriteInt32LittleEndian(tail.AsSpan(12), count * entry.Length);
        IEnumerable<byte> entries = Enumerable.Range(0, count).SelectMany(i => (byte[])[.. entry[..nameAt], (byte)('a' + i), .. entry[(nameAt + 1)..]]);
        return [.. zip[..directory], .. entries, .. tail];
    }

    private static byte[] Safetensors(string header, params byte[] numbers) =>
        [.. BitConverter.GetBytes((ulong)header.Length), .. Encoding.UTF8.GetBytes(header), .. numbers];

    private static byte[] Npy(string header, int numbers, byte version = 1) =>
        [0x93, .. "NUMPY"u8, version, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.Latin1.GetBytes(header), .. new byte[numbers]];

    private static byte[] Zip(params (string Name, byte[] Content)[] entries) => Bytes(stream =>
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string name, byte[] content) in entries)
        {
            using Stream entry = archive.CreateEntry(name).Open();
            entry.Write(content);
        }
    });

    private static byte[] Bytes(Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        return stream.ToArray();
    }

    private static JsonDocument Golden() =>
        JsonDocument.Parse(typeof(FormatReaderTests).Assembly.GetManifestResourceStream("Temper.Formats.Tests.Golden.arrays.json")!);
}
