using System.Runtime.InteropServices;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Parallelism.Collectives;

/// <summary>Order in which a sum over ranks adds its terms.</summary>
public enum SumOrder
{
    /// <summary>
    /// In rank order. For a given number of ranks, the result is byte-identical on every run and with every MPI
    /// library.
    /// </summary>
    Ranks = 0,

    /// <summary>In the order of the MPI library, which may be faster for small arrays.</summary>
    Engine = 1,
}

/// <summary>
/// A group of ranks and their collective operations. All ranks of a group must make the same calls in the same order. A
/// call returns when its result is available and its arguments may be changed. Two groups may be used concurrently from
/// two threads.
/// </summary>
/// <remarks>
/// Implementations: <see cref="InProcessGroup"/> (ranks are threads) and <see cref="MpiRanks"/> (Open MPI or MPICH).
/// </remarks>
public abstract class Communicator : IDisposable
{
    /// <summary>
    /// Maximum number of elements summed in one step. Larger arrays are processed in chunks, so that counts and scratch
    /// memory are bounded.
    /// </summary>
    internal const int ChunkLength = 4 << 20;

    private float[] _scratch = [];

    /// <summary>Index of this rank, from 0.</summary>
    public abstract int Rank { get; }

    /// <summary>Number of ranks.</summary>
    public abstract int Size { get; }

    /// <summary>
    /// Bytes of float32 values that this rank has sent to others. Sums in double precision and texts, which only
    /// control a run, are not counted.
    /// </summary>
    public long BytesSent { get; private set; }

    /// <summary>
    /// Returns the part of an array that a rank owns in <see cref="ReduceScatter"/> and <see cref="AllGather"/>.
    /// </summary>
    /// <param name="length">Length of the array.</param>
    /// <param name="rank">The rank.</param>
    public (int Start, int Length) PartOf(int length, int rank)
    {
        int start = (int)((long)length * rank / Size);
        return (start, (int)((long)length * (rank + 1) / Size) - start);
    }

    /// <summary>Sends a piece of an array to each rank and receives a piece from each (all-to-all).</summary>
    /// <param name="send">The pieces to send, concatenated in rank order.</param>
    /// <param name="sendLengths">Length of each piece. The piece for this rank itself is copied.</param>
    /// <param name="receive">Receives the pieces, concatenated in rank order.</param>
    /// <param name="receiveLengths">
    /// Length of the piece expected from each rank; must equal the length that it sends.
    /// </param>
    public void Exchange(
        ReadOnlySpan<float> send, ReadOnlySpan<int> sendLengths, Span<float> receive, ReadOnlySpan<int> receiveLengths)
    {
        Span<int> sendPlaces = stackalloc int[Size], receivePlaces = stackalloc int[Size];
        for (int rank = 1; rank < Size; rank++)
        {
            sendPlaces[rank] = checked(sendPlaces[rank - 1] + sendLengths[rank - 1]);
            receivePlaces[rank] = checked(receivePlaces[rank - 1] + receiveLengths[rank - 1]);
        }

        Exchange(new Pieces(send, sendLengths, sendPlaces), receive, receiveLengths, receivePlaces);
    }

    /// <summary>Replaces each number by its sum over all ranks.</summary>
    /// <param name="values">The numbers; the same length on all ranks.</param>
    /// <param name="order">Order of the additions.</param>
    public void AllReduce(Span<float> values, SumOrder order = SumOrder.Ranks)
    {
        for (int start = 0; Size > 1 && start < values.Length; start += ChunkLength)
        {
            Span<float> chunk = values.Slice(start, Math.Min(ChunkLength, values.Length - start));
            if (order == SumOrder.Engine)
            {
                BytesSent += 2L * (Size - 1) * chunk.Length / Size * sizeof(float);
                SumFloats(chunk);
                continue;
            }

            (int first, int count) = PartOf(chunk.Length, Rank);
            SumParts(chunk, chunk.Slice(first, count));
            AllGather(chunk);
        }
    }

    /// <summary>
    /// Replaces each number by its sum over all ranks, added in rank order. For a few numbers that control a run.
    /// </summary>
    /// <param name="values">The numbers; the same length on all ranks.</param>
    public void AllReduce(Span<double> values)
    {
        if (Size == 1 || values.Length == 0)
        {
            return;
        }

        double[] all = new double[values.Length * Size];
        GatherBytes(MemoryMarshal.AsBytes((ReadOnlySpan<double>)values), MemoryMarshal.AsBytes(all.AsSpan()));
        values.Clear();
        for (int rank = 0; rank < Size; rank++)
        {
            TensorPrimitives.Add(values, all.AsSpan(rank * values.Length, values.Length), values);
        }
    }

    /// <summary>Computes the sums over all ranks for this rank's part of an array, added in rank order.</summary>
    /// <param name="values">The numbers; the same length on all ranks.</param>
    /// <param name="own">Receives the sums; its length is that of <see cref="PartOf"/> for this rank.</param>
    public void ReduceScatter(ReadOnlySpan<float> values, Span<float> own)
    {
        RequireLength(nameof(ReduceScatter), own.Length, PartOf(values.Length, Rank).Length);
        SumParts(values, own);
    }

    /// <summary>Gathers the parts of all ranks on every rank.</summary>
    /// <param name="values">
    /// The array; the same length on all ranks. Each rank provides its <see cref="PartOf"/> and receives the others.
    /// </param>
    public void AllGather(Span<float> values)
    {
        if (Size == 1)
        {
            return;
        }

        (int start, int count) = PartOf(values.Length, Rank);
        Span<int> sendLengths = stackalloc int[Size], sendPlaces = stackalloc int[Size];
        Span<int> receiveLengths = stackalloc int[Size], receivePlaces = stackalloc int[Size];
        for (int rank = 0; rank < Size; rank++)
        {
            (sendLengths[rank], sendPlaces[rank]) = (count, start);
            (receivePlaces[rank], receiveLengths[rank]) = PartOf(values.Length, rank);
        }

        // This rank's own part is already in place.
        (sendLengths[Rank], receiveLengths[Rank]) = (0, 0);
        Exchange(new Pieces(values, sendLengths, sendPlaces), values, receiveLengths, receivePlaces);
    }

    /// <summary>Sends a text from one rank to all ranks.</summary>
    /// <param name="text">The text on the root; ignored on the other ranks.</param>
    /// <param name="root">The rank that sends it.</param>
    /// <returns>The text of the root.</returns>
    public string Broadcast(string text, int root = 0) =>
        System.Text.Encoding.UTF8.GetString(
            BroadcastContent(Rank == root ? System.Text.Encoding.UTF8.GetBytes(text) : [], root));

    /// <summary>Sends bytes from one rank to all ranks.</summary>
    /// <param name="bytes">The bytes on the root; ignored on the other ranks.</param>
    /// <param name="root">The rank that sends them.</param>
    /// <returns>The bytes of the root.</returns>
    internal byte[] BroadcastContent(byte[] bytes, int root = 0)
    {
        Span<double> length = [bytes.Length];
        AllReduce(length);
        bytes = Rank == root ? bytes : new byte[(int)length[0]];
        if (bytes.Length > 0)
        {
            BroadcastBytes(bytes, root);
        }

        return bytes;
    }

    /// <summary>Sends the numbers of one rank to all ranks.</summary>
    /// <param name="values">The numbers; the same length on all ranks.</param>
    /// <param name="root">The rank that sends them.</param>
    public void Broadcast(Span<float> values, int root = 0)
    {
        for (int start = 0; Size > 1 && start < values.Length; start += ChunkLength)
        {
            BytesSent += Rank == root ? (Size - 1L) * Math.Min(ChunkLength, values.Length - start) * sizeof(float) : 0;
            BroadcastBytes(
                MemoryMarshal.AsBytes(values.Slice(start, Math.Min(ChunkLength, values.Length - start))), root);
        }
    }

    /// <summary>Sends numbers to one rank while receiving numbers from another.</summary>
    /// <param name="send">The numbers to send.</param>
    /// <param name="to">The rank that receives it.</param>
    /// <param name="receive">Receives the numbers; its length must be the number that the other rank sends.</param>
    /// <param name="from">The rank that sends it.</param>
    public void SendReceive(ReadOnlySpan<float> send, int to, Span<float> receive, int from)
    {
        BytesSent += to == Rank ? 0 : (long)send.Length * sizeof(float);
        SendReceiveFloats(send, to, receive, from);
    }

    /// <summary>Splits the group. Must be called by all ranks.</summary>
    /// <param name="color">Ranks with the same color form a group.</param>
    /// <returns>The group of this rank; its ranks keep their order.</returns>
    public abstract Communicator Split(int color);

    /// <summary>Blocks until all ranks have called it.</summary>
    public abstract void Barrier();

    /// <summary>
    /// Stops all ranks because this one has failed: calls of the other ranks throw, or their processes end.
    /// </summary>
    /// <param name="code">Exit code of the processes.</param>
    /// <param name="reason">What failed.</param>
    public abstract void Abort(int code, string reason);

    /// <summary>Releases the resources of the group.</summary>
    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Sends pieces to and receives pieces from all ranks. Both arrays may be the same if the sent and received pieces
    /// do not overlap.
    /// </summary>
    internal abstract void ExchangeFloats(
        Pieces send, Span<float> receive, ReadOnlySpan<int> receiveLengths, ReadOnlySpan<int> receivePlaces);

    /// <summary>Sums over all ranks in the MPI library's own order.</summary>
    internal abstract void SumFloats(Span<float> values);

    /// <summary>Gathers the bytes of all ranks on every rank, in rank order.</summary>
    internal abstract void GatherBytes(ReadOnlySpan<byte> own, Span<byte> all);

    internal abstract void BroadcastBytes(Span<byte> values, int root);

    internal abstract void SendReceiveFloats(ReadOnlySpan<float> send, int to, Span<float> receive, int from);

    /// <summary>Releases the resources of the group.</summary>
    /// <param name="isDisposing">True if called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool isDisposing)
    {
    }

    private static void RequireLength(string operation, int got, int expected)
    {
        if (got != expected)
        {
            throw new ArgumentException(
                $"{operation}: wrong length of this rank's part (got {got}, expected {expected}); use PartOf");
        }
    }

    private void Exchange(
        Pieces send, Span<float> receive, ReadOnlySpan<int> receiveLengths, ReadOnlySpan<int> receivePlaces)
    {
        long sent = 0;
        for (int rank = 0; rank < Size; rank++)
        {
            sent += rank == Rank ? 0 : send.Lengths[rank];
        }

        BytesSent += sent * sizeof(float);
        ExchangeFloats(send, receive, receiveLengths, receivePlaces);
    }

    /// <summary>
    /// Sends the other parts to their ranks and sums the received terms of this rank's own part, in rank order.
    /// </summary>
    private void SumParts(ReadOnlySpan<float> values, Span<float> own)
    {
        int count = own.Length;
        _scratch = _scratch.Length < count * Size ? new float[count * Size] : _scratch;
        Span<int> sendLengths = stackalloc int[Size], sendPlaces = stackalloc int[Size];
        Span<int> receiveLengths = stackalloc int[Size], receivePlaces = stackalloc int[Size];
        for (int rank = 0; rank < Size; rank++)
        {
            (sendPlaces[rank], sendLengths[rank]) = PartOf(values.Length, rank);
            (receivePlaces[rank], receiveLengths[rank]) = (rank * count, count);
        }

        ReadOnlySpan<float> mine = values.Slice(sendPlaces[Rank], count);
        (sendLengths[Rank], receiveLengths[Rank]) = (0, 0);
        Exchange(new Pieces(values, sendLengths, sendPlaces), _scratch, receiveLengths, receivePlaces);
        Span<float> sum = Rank == 0 ? own : _scratch.AsSpan(0, count);
        if (Rank == 0)
        {
            mine.CopyTo(own);
        }

        for (int rank = 1; rank < Size; rank++)
        {
            TensorPrimitives.Add(sum, rank == Rank ? mine : _scratch.AsSpan(rank * count, count), sum);
        }

        if (Rank > 0)
        {
            sum.CopyTo(own);
        }
    }

    /// <summary>The pieces of an array that a rank sends: offset and length per receiving rank.</summary>
    internal readonly ref struct Pieces(ReadOnlySpan<float> values, ReadOnlySpan<int> lengths, ReadOnlySpan<int> places)
    {
        internal ReadOnlySpan<float> Values { get; } = values;

        internal ReadOnlySpan<int> Lengths { get; } = lengths;

        internal ReadOnlySpan<int> Places { get; } = places;
    }
}
