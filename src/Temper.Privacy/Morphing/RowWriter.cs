using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Data;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Writes the morphed rows of a data set in chunks. While one chunk is written, the next is read and morphed. Memory
/// holds only the map and a few chunks, for any number of rows. An interrupted run resumes with the missing chunks, and
/// several ranks can share the chunks.
/// </summary>
internal sealed class RowWriter(MorphKey key, Morpher morpher, RowContainer container, string folder)
{
    private const int MaxChunkRows = 512;
    private const long MaxChunkBytes = 1 << 29;
    private const int CheckedRows = 32;
    private const double MaxError = 1e-4;

    /// <summary>Called after each chunk with the rows done and the total number of rows.</summary>
    internal Action<int, int>? Progress { get; init; }

    /// <summary>The share of the chunks to write; with n ranks, each writes every n-th chunk.</summary>
    internal BatchPart Share { get; init; } = BatchPart.Whole;

    private int ChunkRows => ChunkRowsOf(key.Map.Inputs);

    /// <summary>Rows in a chunk: fewer for large pictures, so that a chunk fits in an array.</summary>
    /// <param name="inputs">Numbers in a row.</param>
    internal static int ChunkRowsOf(int inputs) =>
        (int)Math.Clamp(MaxChunkBytes / RowContainer.MaxStride(inputs), 1, MaxChunkRows);

    /// <summary>Puts the rows of a part in their place and writes its labels.</summary>
    /// <param name="part">Name of the part.</param>
    /// <param name="data">Its samples.</param>
    /// <param name="chunks">Digest of each chunk, from <see cref="WriteShare"/> of the whole part.</param>
    internal BundlePart Complete(string part, Dataset data, string?[] chunks)
    {
        string file = FileOf(part), path = Path.Combine(folder, file), labels = $"{part}-labels.npy";
        File.Move(PartialOf(path), path, overwrite: true);
        Array.ForEach(RowJournal.FilesOf(path), File.Delete);
        long[] values = [.. Enumerable.Range(0, data.Count).Select(data.Label)];
        Formats.Npz.NpyFile.Save(Path.Combine(folder, labels), Tensors.Tensor.From(values, [values.Length]));
        return new BundlePart
        {
            File = file, Container = container.Name, Rows = data.Count, ChunkRows = ChunkRows,
            Chunks = [.. chunks.Select(digest => digest!)], Labels = labels,
            LabelsDigest = BundleFiles.DigestOf(Path.Combine(folder, labels)),
        };
    }

    /// <summary>Writes the missing rows of this share to a partial file next to the part's file.</summary>
    /// <returns>Digest of each chunk of this share; complete if the share is the whole part.</returns>
    internal string?[] WriteShare(string part, Dataset data, CancellationToken cancel)
    {
        string path = Path.Combine(folder, FileOf(part));
        byte[] head = container.Head(data.Count, key.Map.Inputs);
        var source = new RowSource(key.Id, data.Name, data.Count);
        float[] samples = new float[Math.Min(ChunkRows, data.Count) * key.Map.Inputs];
        bool isWhole = Share.Count == 1;

        // Several ranks write to different offsets of one file; a process that writes the whole part opens it
        // exclusively.
        using var stream = new FileStream(
            PartialOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite,
            isWhole ? FileShare.None : FileShare.ReadWrite, bufferSize: 0);
        List<WrittenChunk> written = Resumable(stream, RowJournal.Read(path, source), head, (data, samples));
        string?[] done = new string?[ChunkCount(data)];
        written.FindAll(chunk => IsShared(chunk.Index)).ForEach(chunk => done[chunk.Index] = chunk.Rows);
        stream.SetLength(head.Length + ((long)data.Count * container.Stride(key.Map.Inputs)));
        RandomAccess.Write(stream.SafeFileHandle, head, fileOffset: 0);
        using (var journal = new RowJournal(path, Share.Index, source, written))
        {
            WriteChunks(stream, data, samples, done, journal, cancel);
        }

        if (isWhole)
        {
            WriteTail(stream, head.Length, data.Count);
        }

        stream.Flush(flushToDisk: true);
        return done;
    }

    private string FileOf(string part) => $"{part}-rows.{container.Name}";

    private static string PartialOf(string path) => path + ".partial";

    private int ChunkCount(Dataset data) => (data.Count + ChunkRows - 1) / ChunkRows;

    private bool IsShared(int chunk) => chunk % Share.Count == Share.Index;

    private void WriteChunks(
        FileStream stream, Dataset data, float[] rows, string?[] done, RowJournal journal, CancellationToken cancel)
    {
        int inputs = key.Map.Inputs;
        float[][] morphed = [new float[rows.Length], new float[rows.Length]];
        byte[] encoded = container.Frame == (0, 0) ? [] : new byte[rows.Length / inputs * container.Stride(inputs)];
        (int Chunk, string Samples, Task<string> Digest)? writing = null;
        void Settle()
        {
            if (writing is var (chunk, samples, digest))
            {
                done[chunk] = digest.GetAwaiter().GetResult();
                writing = null;
                journal.Add(new WrittenChunk(chunk, done[chunk]!, samples));
                Progress?.Invoke(Math.Min(done.Count(one => one is not null) * ChunkRows, data.Count), data.Count);
            }
        }

        for (int chunk = Share.Index, turn = 0; chunk < done.Length; chunk += Share.Count)
        {
            if (done[chunk] is not null)
            {
                continue;
            }

            cancel.ThrowIfCancellationRequested();
            int count = Math.Min(ChunkRows, data.Count - (chunk * ChunkRows));
            Read(data, chunk * ChunkRows, rows.AsSpan(0, count * inputs));
            RequireFinite(data, rows.AsSpan(0, count * inputs), chunk * ChunkRows);
            string source = DigestOf(MemoryMarshal.AsBytes(rows.AsSpan(0, count * inputs)));
            float[] result = morphed[turn++ % 2];
            morpher.Apply(rows.AsSpan(0, count * inputs), result.AsSpan(0, count * inputs));
            Settle();
            long place = PlaceOf(chunk, data);
            writing = (chunk, source, Task.Run(() =>
                Write(stream, place, result.AsSpan(0, count * inputs), encoded), CancellationToken.None));
        }

        Settle();
    }

    private long PlaceOf(int chunk, Dataset data) =>
        container.Head(data.Count, key.Map.Inputs).Length
            + ((long)chunk * ChunkRows * container.Stride(key.Map.Inputs));

    /// <summary>
    /// Writes the bytes after the rows. The checksum is computed from the file, because a resumed run has not processed
    /// all rows.
    /// </summary>
    private void WriteTail(FileStream stream, int head, int rows)
    {
        int inputs = key.Map.Inputs;
        if (container.Tail(rows, inputs, 0).Length == 0)
        {
            return;
        }

        uint sum = container.HeadSum(rows, inputs);
        byte[] buffer = new byte[1 << 20];
        stream.Position = head;
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            sum = container.Sum(sum, buffer.AsSpan(0, count));
        }

        stream.Write(container.Tail(rows, inputs, sum));
    }

    private string Write(FileStream stream, long place, ReadOnlySpan<float> rows, byte[] buffer)
    {
        ReadOnlySpan<byte> bytes = container.Encode(rows, key.Map.Inputs, buffer);
        RandomAccess.Write(stream.SafeFileHandle, bytes, place);
        return DigestOf(bytes);
    }

    private static string DigestOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static void Read(Dataset data, int first, Span<float> rows)
    {
        int inputs = data.SampleShape.Count;
        for (int i = 0; i < rows.Length / inputs; i++)
        {
            data.CopySample(first + i, rows.Slice(i * inputs, inputs));
        }
    }

    /// <summary>
    /// Returns the chunks from an interrupted run or from other ranks that need not be written again: the file has the
    /// same header, the stored rows match the journal, and the samples are still those that were morphed. Chunks of
    /// other shares are returned without these checks: their ranks make them.
    /// </summary>
    private List<WrittenChunk> Resumable(
        FileStream stream, IReadOnlyList<WrittenChunk> written, byte[] head, (Dataset Data, float[] Samples) source)
    {
        var kept = new List<WrittenChunk>();
        byte[] start = new byte[head.Length];
        if (written.Count == 0
            || RandomAccess.Read(stream.SafeFileHandle, start, 0) < start.Length || !start.AsSpan().SequenceEqual(head))
        {
            return kept;
        }

        (Dataset data, float[] samples) = source;
        int stride = container.Stride(key.Map.Inputs), chunks = ChunkCount(data);
        byte[] rows = ArrayPool<byte>.Shared.Rent(Math.Min(ChunkRows, data.Count) * stride);
        foreach (WrittenChunk chunk in written.Where(chunk => chunk.Index < chunks).OrderBy(chunk => chunk.Index))
        {
            int first = chunk.Index * ChunkRows, count = Math.Min(ChunkRows, data.Count - first);
            if (!IsShared(chunk.Index)
                || (IsStored(stream, chunk, rows.AsSpan(0, count * stride), data)
                    && IsSource(data, first, samples.AsSpan(0, count * key.Map.Inputs), chunk.Samples)))
            {
                kept.Add(chunk);
            }
        }

        ArrayPool<byte>.Shared.Return(rows);
        return kept;
    }

    private bool IsStored(FileStream stream, WrittenChunk chunk, Span<byte> rows, Dataset data)
    {
        stream.Position = PlaceOf(chunk.Index, data);
        return stream.ReadAtLeast(rows, rows.Length, throwOnEndOfStream: false) == rows.Length
            && string.Equals(DigestOf(rows), chunk.Rows, StringComparison.Ordinal);
    }

    private static bool IsSource(Dataset data, int first, Span<float> samples, string digest)
    {
        Read(data, first, samples);
        return string.Equals(DigestOf(MemoryMarshal.AsBytes(samples)), digest, StringComparison.Ordinal);
    }

    private static void RequireFinite(Dataset data, ReadOnlySpan<float> rows, int first)
    {
        int inputs = data.SampleShape.Count;
        // The sum is finite only if every value is.
        if (float.IsFinite(TensorPrimitives.Sum(rows)))
        {
            return;
        }

        for (int row = 0; row < rows.Length / inputs; row++)
        {
            if (!float.IsFinite(TensorPrimitives.Sum(rows.Slice(row * inputs, inputs))))
            {
                throw new ArgumentException($"morph data: sample {first + row} of {data.Name} contains NaN "
                    + "or infinity; the bundle was not signed, correct the data set and run the command again");
            }
        }
    }

    /// <summary>
    /// Throws unless the data set matches the key, all labels are valid classes, and the first rows are finite and can
    /// be morphed and restored.
    /// </summary>
    internal static void Check(MorphKey key, Morpher morpher, Dataset data, int classes)
    {
        if (data.SampleShape.Count != key.Map.Inputs
            || data.SampleShape is not { Rank: 3 } shape || shape[0] != key.Map.Channels || shape[1] != key.Map.Height)
        {
            throw new ArgumentException(
                $"morph data: {data.Name} does not fit the key (got pictures {data.SampleShape}, expected "
                + $"[{key.Map.Channels}, {key.Map.Height}, {key.Map.Width}]); create a key for this data set: "
                + "temper morph keygen");
        }

        for (int i = 0; i < data.Count; i++)
        {
            if (data.Label(i) < 0 || data.Label(i) >= Math.Max(classes, 1))
            {
                throw new ArgumentException($"morph data: the label of sample {i} of {data.Name} is not a class (got "
                    + $"{data.Label(i)}, expected 0 to {Math.Max(classes, 1) - 1})");
            }
        }

        int count = Math.Min(CheckedRows, data.Count);
        float[] rows = new float[count * key.Map.Inputs], morphed = new float[rows.Length],
            back = new float[rows.Length];
        Read(data, 0, rows);
        RequireFinite(data, rows, 0);
        morpher.Apply(rows, morphed);
        morpher.Undo(morphed, back);
        double error = count == 0 ? 0 : AugConvLayer.RelativeError(back, rows);
        if (!(error <= MaxError))
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"morph data: the check failed (got a relative error of {error:G3}, expected at most {MaxError}); "
                + $"nothing was written"));
        }
    }
}
