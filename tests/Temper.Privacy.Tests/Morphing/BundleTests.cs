using System.Buffers.Binary;
using Temper.Data;
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
        OtherReader.Check(Path.Combine(folder.Path, $"train-rows.{format}"), format, found);
    }

    /// <summary>512 rows of such pictures are more bytes than an array can have.</summary>
    [Fact]
    public void Large_pictures_are_written_in_chunks_of_fewer_rows()
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(3, 592, 592) { IsStructured = true });
        using var morpher = new Morpher(key);
        DataSets data = MorphSamples.Pictures(3, 592, 2);
        MorphBundle.WriteData(key, morpher, new DataSets(data.Train, data.Test.Take(1)), folder.Path, "tfrecord");
        float[] plain = MorphSamples.Rows(data.Train, 2), expected = new float[plain.Length];
        morpher.Apply(plain, expected);
        Assert.InRange(AugConvLayer.RelativeError(MorphSamples.Rows(MorphBundle.Open(folder.Path).OpenData().Train, 2), expected), 0, 1e-6);
        Assert.Equal(512, RowWriter.ChunkRowsOf(3 * 224 * 224));
        Assert.InRange(RowWriter.ChunkRowsOf(3 * 1024 * 1024), 1, 64);
        Assert.Equal(1, RowWriter.ChunkRowsOf(int.MaxValue));
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

    /// <summary>The run stops in the test part: the rows of the training part are kept, and so is the bundle that was there.</summary>
    [Fact]
    public void A_run_that_stops_in_the_last_part_keeps_the_first_one_and_the_old_bundle()
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var morpher = new Morpher(key);
        DataSets old = MorphSamples.Pictures(1, 8, 3000), data = new(new Spoiled(old.Train, 100, 0.8f, old.Train.Label(100)), old.Test);
        MorphBundle.WriteData(key, morpher, data, folder["whole"]);
        MorphBundle.WriteData(key, morpher, old, folder["stopped"]);
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => MorphBundle.WriteData(
            key, morpher, data, folder["stopped"], progress: (part, done, all) => { if (part is "train" && done == all) { cancel.Cancel(); } }, cancel: cancel.Token));
        float[] before = MorphSamples.Rows(MorphBundle.Open(folder["stopped"]).OpenData().Train, 3000);
        int chunks = 0;
        MorphBundle.WriteData(key, morpher, data, folder["stopped"], progress: (part, _, _) => chunks += part is "train" ? 1 : 0);
        Assert.Equal(0, chunks);
        float[] after = MorphSamples.Rows(MorphBundle.Open(folder["stopped"]).OpenData().Train, 3000);
        Assert.False(before.AsSpan().SequenceEqual(after));
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder["whole"], "train-rows.npy")), File.ReadAllBytes(Path.Combine(folder["stopped"], "train-rows.npy")));
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
}
