using System.Buffers;
using System.Security.Cryptography;
using Temper.Data;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Writes the morphed rows of a set, chunk after chunk: rows are read and scaled, multiplied, written while the next
/// are read. What needs memory is the map and two chunks, for any number of rows. A run that was stopped goes on with
/// the chunks that are missing, and ranks may take chunks in turns.
/// </summary>
internal sealed class RowWriter(MorphKey key, Morpher morpher, RowContainer container, string folder)
{
    internal const int ChunkRows = 512;
    private const int CheckedRows = 32;
    private const double MaxError = 1e-4;

    /// <summary>Told after each chunk: rows done, of how many.</summary>
    internal Action<int, int>? Progress { get; init; }

    /// <summary>Which of the chunks are written: where ranks take them in turns, every so many-th.</summary>
    internal BatchPart Share { get; init; } = BatchPart.Whole;

    /// <summary>Writes one part: the rows that are not there yet, then the labels.</summary>
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

    /// <summary>Writes the rows of this share that are not there yet into a file beside the part's own.</summary>
    /// <returns>The digest of each chunk that is there; all of them where the share is the whole.</returns>
    internal string?[] WriteShare(string part, Dataset data, CancellationToken cancel)
    {
        string path = Path.Combine(folder, FileOf(part));
        byte[] head = container.Head(data.Count, key.Map.Inputs);
        RowSource source = SourceOf(data);
        bool isWhole = Share.Count == 1;

        // Ranks write into one file at places of their own; this process alone has it where the share is the whole.
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
    /// Writes what stands behind the rows. Its check sum takes another look at the file: a run that went on has not
    /// seen all rows.
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
    /// Digests of the chunks that are whole, written by a stopped run or by other ranks: rows are what a journal says,
    /// in the same format.
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

    /// <summary>A digest of some samples, so that a changed set is not continued.</summary>
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
        // A sum is finite only if every number is.
        if (float.IsFinite(System.Numerics.Tensors.TensorPrimitives.Sum(rows)))
        {
            return;
        }

        for (int row = 0; row < rows.Length / inputs; row++)
        {
            if (!float.IsFinite(System.Numerics.Tensors.TensorPrimitives.Sum(rows.Slice(row * inputs, inputs))))
            {
                throw new ArgumentException($"morph data: sample {first + row} of {data.Name} holds numbers that are "
                    + "not finite; the bundle is not signed, repair the set and go on");
            }
        }
    }

    /// <summary>
    /// Throws unless the set fits the key, its labels are classes, and the first rows are finite and come back from the
    /// map.
    /// </summary>
    internal static void Check(MorphKey key, Morpher morpher, Dataset data, int classes)
    {
        if (data.SampleShape.Count != key.Map.Inputs
            || data.SampleShape is not { Rank: 3 } shape || shape[0] != key.Map.Channels || shape[1] != key.Map.Height)
        {
            throw new ArgumentException(
                $"morph data: {data.Name} does not fit the key (got pictures {data.SampleShape}, expected "
                + $"[{key.Map.Channels}, {key.Map.Height}, {key.Map.Width}]); make a key for this set: "
                + "temper morph keygen");
        }

        for (int i = 0; i < data.Count; i++)
        {
            if (data.Label(i) < 0 || data.Label(i) >= Math.Max(classes, 1))
            {
                throw new ArgumentException($"morph data: the label of sample {i} of {data.Name} is no class (got "
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
