using System.Runtime.InteropServices;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Parallelism.Collectives;

/// <summary>How the terms of a sum over ranks are added.</summary>
public enum SumOrder
{
    /// <summary>
    /// In the order of the ranks: the same bytes for a number of ranks, on every run and with every engine.
    /// </summary>
    Ranks = 0,

    /// <summary>As the engine does it, which may be faster for small arrays.</summary>
    Engine = 1,
}

/// <summary>
/// A group of ranks that exchange numbers. All ranks of a group make the same calls in the same order; a call returns
/// when its result is there and its arguments may be changed. Two groups may be used at the same time from two threads.
/// </summary>
/// <remarks>
/// Backends: <see cref="InProcessGroup"/>, the ranks being threads, and <see cref="MpiRanks"/>, Open MPI or MPICH.
/// </remarks>
public abstract class Communicator : IDisposable
{
    /// <summary>
    /// Numbers of one step of a sum: larger arrays go in pieces, so that no count or scratch memory grows with them.
    /// </summary>
    internal const int ChunkLength = 4 << 20;

    private float[] _scratch = [];

    /// <summary>Which of the ranks this one is, from 0.</summary>
    public abstract int Rank { get; }

    /// <summary>Number of ranks.</summary>
    public abstract int Size { get; }

    /// <summary>
    /// Bytes of float32 numbers that this rank has sent to others. Sums in double precision and texts, which control a
    /// run, are not counted.
    /// </summary>
    public long BytesSent { get; private set; }

    /// <summary>
    /// The part of an array that a rank holds in <see cref="ReduceScatter"/> and <see cref="AllGather"/>.
    /// </summary>
    /// <param name="length">Length of the array.</param>
    /// <param name="rank">The rank.</param>
    public (int Start, int Length) PartOf(int length, int rank)
    {
        int start = (int)((long)length * rank / Size);
        return (start, (int)((long)length * (rank + 1) / Size) - start);
    }

    /// <summary>Sends a piece of an array to each rank and receives one from each.</summary>
    /// <param name="send">The pieces, in the order of the ranks.</param>
    /// <param name="sendLengths">Their lengths; this rank's own piece is copied.</param>
    /// <param name="receive">What the ranks have sent, in their order.</param>
    /// <param name="receiveLengths">The lengths; that of a rank is what it sends to this one.</param>
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
    /// <param name="values">Of one length on all ranks.</param>
    /// <param name="order">How the terms are added.</param>
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
    /// Replaces each number by its sum over all ranks, added in the order of the ranks: for a few numbers that control
    /// a run.
    /// </summary>
    /// <param name="values">Of one length on all ranks.</param>
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

    /// <summary>The sums over all ranks of this rank's part of an array, added in the order of the ranks.</summary>
    /// <param name="values">Of one length on all ranks.</param>
    /// <param name="own">The sums of <see cref="PartOf"/> this rank.</param>
    public void ReduceScatter(ReadOnlySpan<float> values, Span<float> own)
    {
        RequireLength(nameof(ReduceScatter), own.Length, PartOf(values.Length, Rank).Length);
        SumParts(values, own);
    }

    /// <summary>Fills in the parts of the other ranks.</summary>
    /// <param name="values">
    /// Of one length on all ranks; <see cref="PartOf"/> each is what that rank gives to all.
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

        // Each rank's own part stays where it is.
        (sendLengths[Rank], receiveLengths[Rank]) = (0, 0);
        Exchange(new Pieces(values, sendLengths, sendPlaces), values, receiveLengths, receivePlaces);
    }

    /// <summary>Gives all ranks a text of one of them.</summary>
    /// <param name="text">On the root; ignored elsewhere.</param>
    /// <param name="root">The rank that gives it.</param>
    public string Broadcast(string text, int root = 0) =>
        System.Text.Encoding.UTF8.GetString(
            BroadcastContent(Rank == root ? System.Text.Encoding.UTF8.GetBytes(text) : [], root));

    /// <summary>Gives all ranks the bytes of one of them.</summary>
    /// <param name="bytes">On the root; ignored elsewhere.</param>
    /// <param name="root">The rank that gives them.</param>
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

    /// <summary>Gives all ranks the numbers of one of them.</summary>
    /// <param name="values">Of one length on all ranks.</param>
    /// <param name="root">The rank that gives them.</param>
    public void Broadcast(Span<float> values, int root = 0)
    {
        for (int start = 0; Size > 1 && start < values.Length; start += ChunkLength)
        {
            BytesSent += Rank == root ? (Size - 1L) * Math.Min(ChunkLength, values.Length - start) * sizeof(float) : 0;
            BroadcastBytes(
                MemoryMarshal.AsBytes(values.Slice(start, Math.Min(ChunkLength, values.Length - start))), root);
        }
    }

    /// <summary>Sends numbers to one rank while it receives some from one.</summary>
    /// <param name="send">What is sent.</param>
    /// <param name="to">The rank that receives it.</param>
    /// <param name="receive">What is received; its length is that which the other rank sends.</param>
    /// <param name="from">The rank that sends it.</param>
    public void SendReceive(ReadOnlySpan<float> send, int to, Span<float> receive, int from)
    {
        BytesSent += to == Rank ? 0 : (long)send.Length * sizeof(float);
        SendReceiveFloats(send, to, receive, from);
    }

    /// <summary>Divides the group. Called by all ranks.</summary>
    /// <param name="color">Ranks with the same number are in one group.</param>
    /// <returns>The group of this rank, in the order of the ranks.</returns>
    public abstract Communicator Split(int color);

    /// <summary>Returns when all ranks have called it.</summary>
    public abstract void Barrier();

    /// <summary>
    /// Ends the work of all ranks because this one has failed: those that wait for it throw, or their processes end.
    /// </summary>
    /// <param name="code">Exit code of the processes.</param>
    /// <param name="reason">What has failed.</param>
    public abstract void Abort(int code, string reason);

    /// <summary>Gives back what the group holds.</summary>
    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Pieces to and from all ranks. Both arrays may be one, as long as nothing is received where something is sent
    /// from.
    /// </summary>
    internal abstract void ExchangeFloats(
        Pieces send, Span<float> receive, ReadOnlySpan<int> receiveLengths, ReadOnlySpan<int> receivePlaces);

    /// <summary>Sums in the engine's own order.</summary>
    internal abstract void SumFloats(Span<float> values);

    /// <summary>What each rank gives, one after the other, on all ranks.</summary>
    internal abstract void GatherBytes(ReadOnlySpan<byte> own, Span<byte> all);

    internal abstract void BroadcastBytes(Span<byte> values, int root);

    internal abstract void SendReceiveFloats(ReadOnlySpan<float> send, int to, Span<float> receive, int from);

    /// <summary>Gives back what the group holds.</summary>
    /// <param name="isDisposing">Whether it is called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool isDisposing)
    {
    }

    private static void RequireLength(string operation, int got, int expected)
    {
        if (got != expected)
        {
            throw new ArgumentException(
                $"{operation}: the rank's part has another length (got {got}, expected {expected}); see PartOf");
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
    /// Sends all other parts to their ranks and adds up what comes for this rank's own, in the order of the ranks.
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

    /// <summary>What a rank sends: for each rank the place and length of its piece of an array.</summary>
    internal readonly ref struct Pieces(ReadOnlySpan<float> values, ReadOnlySpan<int> lengths, ReadOnlySpan<int> places)
    {
        internal ReadOnlySpan<float> Values { get; } = values;

        internal ReadOnlySpan<int> Lengths { get; } = lengths;

        internal ReadOnlySpan<int> Places { get; } = places;
    }
}
