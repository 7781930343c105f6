using System.Buffers;
using System.Security.Cryptography;
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
    internal const int ChunkRows = 512;
    private const int CheckedRows = 32;
    private const double MaxError = 1e-4;

    /// <summary>Called after each chunk with the rows done and the total number of rows.</summary>
    internal Action<int, int>? Progress { get; init; }

    /// <summary>The share of the chunks to write; with n ranks, each writes every n-th chunk.</summary>
    internal BatchPart Share { get; init; } = BatchPart.Whole;

    /// <summary>Writes one part: the rows that are missing, then the labels.</summary>
    internal BundlePart Write(string part, Dataset data, CancellationToken cancel)
    {
        string file = FileOf(part), path = Path.Combine(folder, file), labels = $"{part}-labels.npy";
        string?[] chunks = WriteShare(part, data, cancel);
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
    /// <returns>Digest of each chunk that exists; complete if the share is the whole part.</returns>
    internal string?[] WriteShare(string part, Dataset data, CancellationToken cancel)
    {
        string path = Path.Combine(folder, FileOf(part));
        byte[] head = container.Head(data.Count, key.Map.Inputs);
        RowSource source = SourceOf(data);
        bool isWhole = Share.Count == 1;

        // Several ranks write to different offsets of one file; a process that writes the whole part opens it
        // exclusively.
        using var stream = new FileStream(
            PartialOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite,
            isWhole ? FileShare.None : FileShare.ReadWrite, bufferSize: 0);
        string?[] done = Resumable(stream, RowJournal.Read(path, source), head, data);
        stream.SetLength(head.Length + ((long)data.Count * container.Stride(key.Map.Inputs)));
        RandomAccess.Write(stream.SafeFileHandle, head, fileOffset: 0);
        using (var journal = new RowJournal(path, Share.Index, source, done))
        {
            WriteChunks(stream, data, done, journal, cancel);
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

    private static int ChunkCount(Dataset data) => (data.Count + ChunkRows - 1) / ChunkRows;

    private void WriteChunks(
        FileStream stream, Dataset data, string?[] done, RowJournal journal, CancellationToken cancel)
    {
        int inputs = key.Map.Inputs;
        float[] rows = new float[ChunkRows * inputs];
        float[][] morphed = [new float[rows.Length], new float[rows.Length]];
        byte[] encoded = container.Frame == (0, 0) ? [] : new byte[ChunkRows * container.Stride(inputs)];
        (int Chunk, Task<string> Digest)? writing = null;
        void Settle()
        {
            if (writing is var (chunk, digest))
            {
                done[chunk] = digest.GetAwaiter().GetResult();
                writing = null;
                journal.Add(chunk, done[chunk]!);
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
            Read(data, chunk * ChunkRows, count, rows);
            RequireFinite(data, rows.AsSpan(0, count * inputs), chunk * ChunkRows);
            float[] result = morphed[turn++ % 2];
            morpher.Apply(rows.AsSpan(0, count * inputs), result.AsSpan(0, count * inputs));
            Settle();
            long place = PlaceOf(chunk, data);
            writing = (chunk, Task.Run(() =>
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
        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    private static void Read(Dataset data, int first, int count, float[] rows)
    {
        int inputs = data.SampleShape.Count;
        for (int i = 0; i < count; i++)
        {
            data.CopySample(first + i, rows.AsSpan(i * inputs, inputs));
        }
    }

    /// <summary>
    /// Returns the digests of complete chunks from an interrupted run or from other ranks: chunks whose stored rows
    /// match the journal and whose file has the same header.
    /// </summary>
    private string?[] Resumable(
        FileStream stream, IReadOnlyList<(int Chunk, string Digest)> written, byte[] head, Dataset data)
    {
        string?[] whole = new string?[ChunkCount(data)];
        byte[] start = new byte[head.Length];
        if (written.Count == 0
            || RandomAccess.Read(stream.SafeFileHandle, start, 0) < start.Length || !start.AsSpan().SequenceEqual(head))
        {
            return whole;
        }

        int stride = container.Stride(key.Map.Inputs);
        byte[] rows = ArrayPool<byte>.Shared.Rent(ChunkRows * stride);
        foreach ((int chunk, string digest) in written.Where(one => one.Chunk < whole.Length).OrderBy(one => one.Chunk))
        {
            Span<byte> bytes = rows.AsSpan(0, Math.Min(ChunkRows, data.Count - (chunk * ChunkRows)) * stride);
            stream.Position = PlaceOf(chunk, data);
            bool isThere = whole[chunk] is null
                && stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length
                && string.Equals(Convert.ToHexStringLower(SHA256.HashData(bytes)), digest, StringComparison.Ordinal);
            whole[chunk] = isThere ? digest : whole[chunk];
        }

        ArrayPool<byte>.Shared.Return(rows);
        return whole;
    }

    private RowSource SourceOf(Dataset data) => new(key.Id, data.Name, data.Count, FirstRows(data));

    /// <summary>Computes a digest of some samples, to detect that a data set has changed.</summary>
    private static string FirstRows(Dataset data)
    {
        float[] row = new float[data.SampleShape.Count];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < data.Count; i += Math.Max(1, data.Count / 16))
        {
            data.CopySample(i, row);
            hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(row.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void RequireFinite(Dataset data, ReadOnlySpan<float> rows, int first)
    {
        int inputs = data.SampleShape.Count;
        // The sum is finite only if every value is.
        if (float.IsFinite(System.Numerics.Tensors.TensorPrimitives.Sum(rows)))
        {
            return;
        }

        for (int row = 0; row < rows.Length / inputs; row++)
        {
            if (!float.IsFinite(System.Numerics.Tensors.TensorPrimitives.Sum(rows.Slice(row * inputs, inputs))))
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
        Read(data, 0, count, rows);
        RequireFinite(data, rows, 0);
        morpher.Apply(rows, morphed);
        morpher.Undo(morphed, back);
        double error = count == 0 ? 0 : AugConvLayer.RelativeError(back, rows);
        if (!(error <= MaxError))
        {
            throw new InvalidOperationException(
                $"morph data: the check failed (got a relative error of {error:G3}, expected at most {MaxError}); "
                + "nothing was written");
        }
    }
}
