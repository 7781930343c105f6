using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Temper.Data;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Formats.Safetensors;
using Temper.Kernels;
using Temper.Privacy.Morphing;
using Temper.Testing;

namespace Temper.Privacy.Tests.Morphing;

public sealed class BundleTests
{
    private static readonly MorphMap Map = new(1, 8, 8) { Cores = 4 };

    [Theory]
    [InlineData("npy")]
    [InlineData("npz")]
    [InlineData("safetensors")]
    [InlineData("tfrecord")]
    public void Rows_come_back_as_the_map_gives_them(string format)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var morpher = new Morpher(key);
        DataSets data = MorphSamples.Pictures(1, 8, 1200);
        MorphBundle.WriteData(key, morpher, data, folder.Path, format);
        DataSets read = MorphBundle.Open(folder.Path).OpenData();
        float[] plain = MorphSamples.Rows(data.Train, 1200), expected = new float[plain.Length], found = MorphSamples.Rows(read.Train, 1200);
        morpher.Apply(plain, expected);
        Assert.InRange(AugConvLayer.RelativeError(found, expected), 0, 1e-6);
        Assert.Equal(Enumerable.Range(0, 1200).Select(data.Train.Label), Enumerable.Range(0, 1200).Select(read.Train.Label));
        Assert.Equal(data.Train.ClassNames, read.Train.ClassNames);
        Assert.Equal(data.Test.Count, read.Test.Count);
        CheckWithOtherReader(Path.Combine(folder.Path, $"train-rows.{format}"), format, found);
    }

    /// <summary>The state of the journal affects only how much work is repeated, never the output.</summary>
    [Theory]
    [InlineData("whole", true)]
    [InlineData("torn line", true)]
    [InlineData("no header", false)]
    [InlineData("empty", false)]
    [InlineData("without samples", false)]
    public void A_stopped_run_goes_on_and_threads_do_not_matter(string journal, bool goesOn)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var morpher = new Morpher(key);
        DataSets data = MorphSamples.Pictures(1, 8, 3000);
        string whole = Path.Combine(folder.Path, "whole"), stopped = Path.Combine(folder.Path, "stopped");
        using (var pool = new WorkerPool(1))
        using (WorkerPool.Usage usage = pool.Use())
        {
            MorphBundle.WriteData(key, morpher, data, whole);
        }

        WriteTwoChunks(key, morpher, data, stopped);
        Assert.False(MorphBundle.IsBundle(stopped));
        string file = Path.Combine(stopped, "train-rows.npy.journal-0"), text = File.ReadAllText(file);
        File.WriteAllText(file, journal switch
        {
            "torn line" => text + "0123abc",
            "no header" => "{" + text,
            "empty" => "",
            // Lines of an older version: number and digest of a chunk.
            "without samples" => string.Concat(text.Split('\n').Select(line => string.Join(' ', line.Split(' ').Take(2)) + "\n")),
            _ => text,
        });
        List<int> steps = [];
        MorphBundle.WriteData(key, morpher, data, stopped, progress: (part, done, _) => steps.Add(part is "train" ? done : 0));
        Assert.Equal(goesOn, steps[0] > 1024);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "train-rows.npy")), File.ReadAllBytes(Path.Combine(stopped, "train-rows.npy")));
        Assert.DoesNotContain(Directory.EnumerateFiles(stopped), file => file.EndsWith("partial", StringComparison.Ordinal) || file.Contains("journal", StringComparison.Ordinal));
    }

    /// <summary>One pixel of the first chunk has changed since; nothing but this chunk tells.</summary>
    [Fact]
    public void A_run_that_goes_on_morphs_changed_samples_again()
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var morpher = new Morpher(key);
        DataSets data = MorphSamples.Pictures(1, 8, 3000);
        WriteTwoChunks(key, morpher, With(0.2f), folder["stopped"]);
        int chunks = 0;
        MorphBundle.WriteData(key, morpher, With(0.8f), folder["stopped"], progress: (part, _, _) => chunks += part is "train" ? 1 : 0);
        Assert.Equal(5, chunks);                    // of 6: the second chunk was kept
        MorphBundle.WriteData(key, morpher, With(0.8f), folder["whole"]);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder["whole"], "train-rows.npy")), File.ReadAllBytes(Path.Combine(folder["stopped"], "train-rows.npy")));

        DataSets With(float pixel) => new(new Spoiled(data.Train, 100, pixel, data.Train.Label(100)), data.Test);
    }

    private static void WriteTwoChunks(MorphKey key, Morpher morpher, DataSets data, string folder)
    {
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => MorphBundle.WriteData(
            key, morpher, data, folder, progress: (_, done, _) => { if (done >= 1024) { cancel.Cancel(); } }, cancel: cancel.Token));
    }

    /// <summary>
    /// Shares are written in any order, one of them twice and one never: the files equal those of a single rank.
    /// </summary>
    [Theory]
    [InlineData("npy")]
    [InlineData("npz")]
    [InlineData("tfrecord")]
    public void Shares_of_several_ranks_are_the_files_of_one(string format)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var morpher = new Morpher(key);
        DataSets data = MorphSamples.Pictures(1, 8, 3000);
        string whole = Path.Combine(folder.Path, "whole"), shared = Path.Combine(folder.Path, "shared");
        MorphBundle.WriteData(key, morpher, data, whole, format);
        foreach (int share in (int[])[2, 0, 2])
        {
            BundleWriter.WriteShare(key, morpher, data, (shared, format), new BatchPart(share, 3), CancellationToken.None);
        }

        Assert.False(MorphBundle.IsBundle(shared));
        List<int> steps = [];
        MorphBundle.WriteData(key, morpher, data, shared, format, (part, done, _) => steps.Add(part is "train" ? done : 0));
        Assert.Equal(2, steps.Count(done => done > 0));                    // chunks 1 and 4 of 6; the others were already done
        string[] names = [.. Directory.GetFiles(whole).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
        Assert.Equal(names, Directory.GetFiles(shared).Select(Path.GetFileName).Order(StringComparer.Ordinal)!);
        foreach (string name in names.Where(name => name is not "manifest.sig"))        // signatures are randomized
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole, name)), File.ReadAllBytes(Path.Combine(shared, name)));
        }
    }

    [Theory]
    [InlineData(1500, float.NaN, 0L, false)]
    [InlineData(3, float.PositiveInfinity, 0L, true)]
    [InlineData(1500, 0f, 77L, true)]
    [InlineData(1500, 0f, -1L, true)]
    public void A_bad_test_part_is_refused_and_what_can_be_seen_before_writing_is(int index, float pixel, long label, bool isBefore)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var morpher = new Morpher(key);
        DataSets data = MorphSamples.Pictures(1, 8, 2000);
        string output = Path.Combine(folder.Path, "bundle");
        ArgumentException error = Assert.Throws<ArgumentException>(() => MorphBundle.WriteData(
            key, morpher, new DataSets(data.Train, new Spoiled(data.Train, index, pixel, label)), output));
        Assert.Contains($"sample {index} of", error.Message, StringComparison.Ordinal);
        Assert.False(MorphBundle.IsBundle(output));
        Assert.Equal(isBefore, !Directory.Exists(output));
    }

    /// <summary>A data set with one bad sample.</summary>
    private sealed class Spoiled(Dataset source, int bad, float pixel, long label) : Dataset
    {
        public override string Name => "spoiled";

        public override int Count => source.Count;

        public override Temper.Tensors.Shape SampleShape => source.SampleShape;

        public override IReadOnlyList<string> ClassNames => source.ClassNames;

        public override void CopySample(int index, Span<float> sample)
        {
            source.CopySample(index, sample);
            sample[5] = index == bad ? pixel : sample[5];
        }

        public override long Label(int index) => index == bad ? label : source.Label(index);
    }

    [Fact]
    public void Large_archives_have_the_fields_of_zip64()
    {
        // 2,000,000 rows of 3,072 values are 24 GB: head and tail are created without them.
        var rows = new NpzRows();
        byte[] head = rows.Head(2_000_000, 3072), tail = rows.Tail(2_000_000, 3072, 0x12345678);
        long size = RowContainer.NpyHead(2_000_000, 3072).Length + (2_000_000L * 3072 * 4);
        Assert.Equal(uint.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(22)));
        Assert.Equal(0x12345678u, BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(4)));
        Assert.Equal((ulong)size, BinaryPrimitives.ReadUInt64LittleEndian(tail.AsSpan(8)));
        // The ZIP64 locator points to the ZIP64 end record, which points to the central directory.
        int end = tail.Length - 22, locator = end - 20;
        Assert.Equal(0x07064B50u, BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(locator)));
        long start = head.Length - RowContainer.NpyHead(2_000_000, 3072).Length + size;
        long end64 = (long)BinaryPrimitives.ReadUInt64LittleEndian(tail.AsSpan(locator + 8)) - start;
        Assert.Equal(0x06064B50u, BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan((int)end64)));
        long directory = (long)BinaryPrimitives.ReadUInt64LittleEndian(tail.AsSpan((int)end64 + 48)) - start;
        Assert.Equal(0x02014B50u, BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan((int)directory)));
    }

    [Fact]
    public void Half_precision_layer_differs_by_less_than_a_thousandth()
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var morpher = new Morpher(key);
        AugConvLayer layer = AugConvLayer.Compose(key, morpher, MorphSamples.Weights(5, 1, 3), 1, 1);
        MorphBundle.WriteLayer(key, layer, folder.Path, isHalf: true);
        AugConvLayer read = MorphBundle.Open(folder.Path).OpenLayer();
        Assert.Equal(layer.Operator, read.Operator);
        Assert.InRange(AugConvLayer.RelativeError(read.Weight.ToArray<float>(), layer.Weight.ToArray<float>()), 1e-7, 1e-3);
    }

    [Theory]
    [InlineData("npz")]
    [InlineData("npy")]
    public void Every_changed_file_is_refused(string format)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(1, 8, 600), MorphSamples.Weights(5, 1, 3), 1, format);
        foreach (string path in Directory.GetFiles(folder.Path))
        {
            byte[] content = File.ReadAllBytes(path);
            foreach (int place in new[] { 0, content.Length / 2, content.Length - 1 })
            {
                byte[] changed = [.. content];
                changed[place] ^= 4;
                Refused(path, changed);
            }

            Refused(path, content[..^1]);
            Refused(path, [.. content, 0]);
            File.WriteAllBytes(path, content);
        }

        Read(folder.Path);

        void Refused(string path, byte[] content)
        {
            File.WriteAllBytes(path, content);
            Assert.ThrowsAny<FormatException>(() => Read(folder.Path));
        }

        static void Read(string folder)
        {
            MorphBundle bundle = MorphBundle.Open(folder);
            bundle.OpenLayer();
            (bundle.OpenData().Train as IDisposable)?.Dispose();
        }
    }

    /// <summary>Manifests with a valid signature and wrong content: the signer may be an attacker.</summary>
    [Theory]
    [InlineData("\"cores\": 4", "\"cores\": 5")]
    [InlineData("\"cores\": 4", "\"cores\": -1")]
    [InlineData("\"rows\": 600", "\"rows\": 2000000000")]
    [InlineData("\"rows\": 600", "\"rows\": 599")]
    [InlineData("train-rows.npy", "../secret.npy")]
    [InlineData("\"channels\": 5", "\"channels\": 500000")]
    [InlineData("\"padding\": 1", "\"padding\": 2147483647")]
    [InlineData("\"padding\": 1", "\"padding\": 20000")]
    [InlineData("\"stride\": 1", "\"stride\": 0")]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("temper-morph", "other")]
    [InlineData("\"notice\"", "\"unknown\"")]
    [InlineData("\"npy\"", "\"exe\"")]
    public void Signed_manifests_that_lie_are_refused(string text, string lie)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(1, 8, 600), MorphSamples.Weights(5, 1, 3), 1);
        string path = Path.Combine(folder.Path, "manifest.json"), manifest = File.ReadAllText(path);
        Assert.Contains(text, manifest);
        byte[] changed = System.Text.Encoding.UTF8.GetBytes(manifest.Replace(text, lie, StringComparison.Ordinal));
        File.WriteAllBytes(path, changed);
        File.WriteAllBytes(Path.Combine(folder.Path, "manifest.sig"), BundleSignature.Sign(key, changed));
        Exception error = Assert.ThrowsAny<Exception>(() =>
        {
            MorphBundle bundle = MorphBundle.Open(folder.Path);
            bundle.OpenLayer();
            bundle.OpenData();
        });
        Assert.True(error is FormatException or ArgumentException, $"{error.GetType().Name}: {error.Message}");
    }

    [Fact]
    public void Another_key_and_another_size_are_refused_and_no_secret_stands_in_a_bundle()
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var other = MorphKey.Create(Map);
        using var morpher = new Morpher(key);
        MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(1, 8, 100), MorphSamples.Weights(5, 1, 3), 1);
        Assert.Throws<ArgumentException>(() => MorphBundle.WriteData(other, morpher, MorphSamples.Pictures(1, 8, 100), folder.Path));
        Assert.Throws<ArgumentException>(() => MorphBundle.WriteData(key, morpher, MorphSamples.Pictures(1, 16, 100), Path.Combine(folder.Path, "b")));
        byte[] core = MemoryMarshal.AsBytes(((CoreMap)morpher.Secret).Core(0)[..16]).ToArray();
        foreach (string path in Directory.GetFiles(folder.Path))
        {
            ReadOnlySpan<byte> content = File.ReadAllBytes(path);
            Assert.True(content.IndexOf(key.Seed) < 0 && content.IndexOf(core) < 0 && content.IndexOf(key.SigningKey.AsSpan(^32..)) < 0, path);
            Assert.True(content.IndexOf(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(key.Seed))) < 0, path);
        }

        Assert.DoesNotContain(Convert.ToHexStringLower(key.Seed), key.ToString());
    }

    private static void CheckWithOtherReader(string path, string format, float[] rows)
    {
        switch (format)
        {
            case "npy":
                Assert.Equal(rows, NpyFile.Load(path).ToArray<float>());
                break;
            case "npz":
                Assert.Equal(rows, NpzFile.Load(path)["rows"].ToArray<float>());
                Assert.Equal(0xCBF43926, new NpzRows().Sum(0, "123456789"u8));
                break;
            case "safetensors":
                Assert.Equal(rows, SafetensorsFile.Load(path)["rows"].ToArray<float>());
                break;
            default:
                Assert.Equal(rows, ReadRecords(File.ReadAllBytes(path)));
                break;
        }
    }

    /// <summary>
    /// Independent reader: record framing, checksums computed bit by bit, and protobuf fields by their tags.
    /// </summary>
    private static float[] ReadRecords(byte[] file)
    {
        Assert.Equal(0xE3069283, Crc("123456789"u8));
        var rows = new List<float>();
        for (int place = 0; place < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(place));
            Assert.Equal(Masked(file.AsSpan(place, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(place + 8)));
            ReadOnlySpan<byte> payload = file.AsSpan(place + 12, length);
            Assert.Equal(Masked(payload), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(place + 12 + length)));
            ReadOnlySpan<byte> entry = Field(Field(payload, 1, out _), 1, out _);
            Assert.Equal("row"u8.ToArray(), Field(entry, 1, out ReadOnlySpan<byte> rest).ToArray());
            ReadOnlySpan<byte> value = Field(Field(Field(rest, 2, out _), 1, out _), 1, out ReadOnlySpan<byte> behind);
            Assert.Equal(0, behind.Length);
            rows.AddRange(MemoryMarshal.Cast<byte, float>(value).ToArray());
            place += 16 + length;
        }

        return [.. rows];

        static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> message, int number, out ReadOnlySpan<byte> rest)
        {
            Assert.Equal((number << 3) | 2, message[0]);
            int length = 0, place = 1;
            for (int shift = 0; ; shift += 7)
            {
                byte part = message[place++];
                length |= (part & 0x7F) << shift;
                if (part < 0x80)
                {
                    break;
                }
            }

            rest = message[(place + length)..];
            return message.Slice(place, length);
        }

        static uint Masked(ReadOnlySpan<byte> bytes) => BitOperations.RotateRight(Crc(bytes), 15) + 0xA282EAD8;

        static uint Crc(ReadOnlySpan<byte> bytes)
        {
            uint crc = 0xFFFFFFFF;
            foreach (byte value in bytes)
            {
                crc ^= value;
                for (int bit = 0; bit < 8; bit++)
                {
                    crc = (crc >> 1) ^ (0x82F63B78 & (0 - (crc & 1)));
                }
            }

            return ~crc;
        }
    }
}
