using System.Buffers;
using System.Security.Cryptography;
using Temper.Data;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Writes the morphed rows of a set, chunk after chunk: rows are read and scaled, multiplied, written while the next
/// are read. What needs memory is the map and two chunks, for any number of rows. A run that was stopped goes on behind
/// its last whole chunk.
/// </summary>
internal sealed class RowWriter(MorphKey key, Morpher morpher, RowContainer container, string folder)
{
    internal const int ChunkRows = 512;
    private const int CheckedRows = 32;
    private const double MaxError = 1e-4;

    /// <summary>Told after each chunk: rows done, of how many.</summary>
    internal Action<int, int>? Progress { get; init; }

    /// <summary>Writes one part: the rows, then the labels.</summary>
    internal BundlePart Write(string part, Dataset data, CancellationToken cancel)
    {
        string file = $"{part}-rows.{container.Name}", path = Path.Combine(folder, file), partial = path + ".partial",
            journal = path + ".journal";
        byte[] head = container.Head(data.Count, key.Map.Inputs);
        RowSource source = SourceOf(data);
        List<string> done = Resumable(partial, RowJournal.Read(journal, source), head, data);
        using (var stream = new FileStream(
            partial, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0))
        {
            stream.SetLength(head.Length + ((long)done.Count * ChunkRows * container.Stride(key.Map.Inputs)));
            stream.Position = 0;
            stream.Write(head);
            stream.Seek(0, SeekOrigin.End);
            using (var written = new RowJournal(journal, source, done))
            {
                WriteChunks(stream, data, done, written, cancel);
            }

            WriteTail(stream, head.Length, data.Count);
            stream.Flush(flushToDisk: true);
        }

        File.Move(partial, path, overwrite: true);
        File.Delete(journal);
        string labels = $"{part}-labels.npy";
        long[] values = [.. Enumerable.Range(0, data.Count).Select(data.Label)];
        Formats.Npz.NpyFile.Save(Path.Combine(folder, labels), Tensors.Tensor.From(values, [values.Length]));
        return new BundlePart
        {
            File = file, Container = container.Name, Rows = data.Count, ChunkRows = ChunkRows, Chunks = [.. done],
            Labels = labels,
            LabelsDigest = MorphBundle.DigestOf(Path.Combine(folder, labels)),
        };
    }

    private void WriteChunks(
        FileStream stream, Dataset data, List<string> done, RowJournal journal, CancellationToken cancel)
    {
        int inputs = key.Map.Inputs, chunks = (data.Count + ChunkRows - 1) / ChunkRows;
        float[] rows = new float[ChunkRows * inputs];
        float[][] morphed = [new float[rows.Length], new float[rows.Length]];
        byte[] encoded = container.Frame == (0, 0) ? [] : new byte[ChunkRows * container.Stride(inputs)];
        Task<string>? writing = null;
        void Settle()
        {
            if (writing is not null)
            {
                done.Add(writing.GetAwaiter().GetResult());
                writing = null;
                journal.Add(done[^1]);
                Progress?.Invoke(Math.Min(done.Count * ChunkRows, data.Count), data.Count);
            }
        }

        for (int chunk = done.Count; chunk < chunks; chunk++)
        {
            cancel.ThrowIfCancellationRequested();
            int count = Math.Min(ChunkRows, data.Count - (chunk * ChunkRows));
            Read(data, chunk * ChunkRows, count, rows);
            RequireFinite(data, rows.AsSpan(0, count * inputs), chunk * ChunkRows);
            float[] result = morphed[chunk % 2];
            morpher.Apply(rows.AsSpan(0, count * inputs), result.AsSpan(0, count * inputs));
            Settle();
            writing = Task.Run(() => Append(stream, result.AsSpan(0, count * inputs), encoded), CancellationToken.None);
        }

        Settle();
    }

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

    private string Append(FileStream stream, ReadOnlySpan<float> rows, byte[] buffer)
    {
        ReadOnlySpan<byte> bytes = container.Encode(rows, key.Map.Inputs, buffer);
        stream.Write(bytes);
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
    /// Digests of the chunks of a stopped run that are whole: rows are what the journal says, in the same format.
    /// </summary>
    private List<string> Resumable(string partial, IReadOnlyList<string> written, byte[] head, Dataset data)
    {
        if (written.Count == 0 || !File.Exists(partial))
        {
            return [];
        }

        using FileStream stream = File.OpenRead(partial);
        byte[] start = new byte[head.Length];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length
            || !start.AsSpan().SequenceEqual(head))
        {
            return [];
        }

        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkRows * container.Stride(key.Map.Inputs));
        var whole = new List<string>();
        foreach (string digest in written)
        {
            int count = Math.Min(ChunkRows, data.Count - (whole.Count * ChunkRows)) * container.Stride(key.Map.Inputs);
            if (count <= 0 || stream.ReadAtLeast(chunk.AsSpan(0, count), count, throwOnEndOfStream: false) < count
                || !string.Equals(
                    Convert.ToHexStringLower(SHA256.HashData(chunk.AsSpan(0, count))), digest,
                    StringComparison.Ordinal))
            {
                break;
            }

            whole.Add(digest);
        }

        ArrayPool<byte>.Shared.Return(chunk);
        return whole.Count * (long)ChunkRows > data.Count ? whole[..^1] : whole;
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
