using System.Runtime.InteropServices;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Parallelism.Collectives;

/// <summary>
/// Runs ranks as threads of this process, without an MPI library. The reference for other implementations and for tests
/// of plans.
/// </summary>
public static class InProcessGroup
{
    /// <summary>Runs a function once per rank, each on its own thread, and waits for all of them.</summary>
    /// <typeparam name="T">Type of a rank's result.</typeparam>
    /// <param name="ranks">Number of ranks, at least 1.</param>
    /// <param name="body">The function that each rank runs; its argument is the rank's communicator.</param>
    /// <returns>The results, in rank order.</returns>
    /// <exception cref="RankFailedException">
    /// A rank failed and the others were stopped. The message names the rank.
    /// </exception>
    public static IReadOnlyList<T> Run<T>(int ranks, Func<Communicator, T> body)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        using var board = new Board(ranks);
        var results = new T[ranks];
        Thread[] threads = [.. Enumerable.Range(0, ranks).Select(rank => new Thread(() =>
        {
            using var member = new Member(board, rank);
            try
            {
                results[rank] = body(member);
            }
            catch (Exception error)
            {
                board.Fail(rank, error);
            }
        })
        {
            Name = $"rank {rank}",
            IsBackground = true,
        })];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        board.ThrowIfFailed();
        return results;
    }

    /// <summary>Data that a rank publishes to the others during a call.</summary>
    private sealed class Offer
    {
        internal byte[] Bytes = [];
        internal int[] Lengths = [];
        internal int Target;
    }

    /// <summary>
    /// State shared by the ranks of a group. Every call publishes its data, waits for all ranks, reads, and waits
    /// again.
    /// </summary>
    private sealed class Board(int size, Board? parent = null) : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<(long Call, int Color), Board> _groups = [];
        private readonly Barrier _barrier = new(size);
        private readonly CancellationTokenSource _stop = new();
        private readonly List<Board> _children = [];
        private (int Rank, Exception Error)? _failure;

        internal int Size => size;

        internal Offer[] Offers { get; } = [.. Enumerable.Range(0, size).Select(_ => new Offer())];

        internal void Fail(int rank, Exception error)
        {
            Board root = this;
            while (root.Parent is { } above)
            {
                root = above;
            }

            lock (root._lock)
            {
                root._failure ??= (rank, error);
            }

            root.Stop();
        }

        public void Dispose()
        {
            _children.ForEach(child => child.Dispose());
            _barrier.Dispose();
            _stop.Dispose();
        }

        private Board? Parent => parent;

        internal void ThrowIfFailed()
        {
            if (_failure is var (rank, error))
            {
                throw error is RankFailedException { InnerException: null }
                    ? error
                    : new RankFailedException($"rank {rank} of {size}: {error.Message}", error);
            }
        }

        internal void Meet()
        {
            try
            {
                _barrier.SignalAndWait(_stop.Token);
            }
            catch (OperationCanceledException stopped)
            {
                throw new RankFailedException("stopped because another rank has failed", stopped);
            }
        }

        internal Board Group(long call, int color, int members)
        {
            lock (_lock)
            {
                if (!_groups.TryGetValue((call, color), out Board? group))
                {
                    group = new Board(members, this);
                    _groups.Add((call, color), group);
                    _children.Add(group);
                }

                return group;
            }
        }

        private void Stop()
        {
            _stop.Cancel();
            Board[] children;
            lock (_lock)
            {
                children = [.. _children];
            }

            Array.ForEach(children, child => child.Stop());
        }
    }

    private sealed class Member(Board board, int rank) : Communicator
    {
        private long _splits;

        public override int Rank => rank;

        public override int Size => board.Size;

        public override void Barrier() => board.Meet();

        public override void Abort(int code, string reason) =>
            board.Fail(rank, new RankFailedException($"rank {rank} of {Size}: {reason}"));

        public override Communicator Split(int color)
        {
            int[] colors = new int[Size];
            GatherBytes(MemoryMarshal.AsBytes<int>([color]), MemoryMarshal.AsBytes(colors.AsSpan()));
            int members = colors.Count(other => other == color), place = colors.AsSpan(0, rank).Count(color);
            return new Member(board.Group(_splits++, color, members), place);
        }

        internal override void ExchangeFloats(
            Pieces send, Span<float> receive, ReadOnlySpan<int> receiveLengths, ReadOnlySpan<int> receivePlaces)
        {
            // The send and receive arrays may be the same, so the other ranks read a copy.
            Show(MemoryMarshal.AsBytes(send.Values), [.. send.Lengths, .. send.Places]);
            for (int from = 0; from < Size; from++)
            {
                Offer offer = board.Offers[from];
                (int length, int place) = (offer.Lengths[rank], offer.Lengths[Size + rank]);
                RequireMatch(length, receiveLengths[from], from);
                MemoryMarshal.Cast<byte, float>(offer.Bytes)
                    .Slice(place, length).CopyTo(receive[receivePlaces[from]..]);
            }

            board.Meet();
        }

        internal override void SumFloats(Span<float> values)
        {
            Show(MemoryMarshal.AsBytes(values), []);
            values.Clear();
            foreach (Offer offer in board.Offers)
            {
                TensorPrimitives.Add(values, MemoryMarshal.Cast<byte, float>(offer.Bytes), values);
            }

            board.Meet();
        }

        internal override void GatherBytes(ReadOnlySpan<byte> own, Span<byte> all)
        {
            Show(own, []);
            for (int from = 0; from < Size; from++)
            {
                board.Offers[from].Bytes.CopyTo(all[(from * own.Length)..]);
            }

            board.Meet();
        }

        internal override void BroadcastBytes(Span<byte> values, int root)
        {
            Show(rank == root ? values : [], []);
            board.Offers[root].Bytes.CopyTo(values);
            board.Meet();
        }

        internal override void SendReceiveFloats(ReadOnlySpan<float> send, int to, Span<float> receive, int from)
        {
            board.Offers[rank].Target = to;
            Show(MemoryMarshal.AsBytes(send), []);
            ReadOnlySpan<float> sent = MemoryMarshal.Cast<byte, float>(board.Offers[from].Bytes);
            RequireMatch(board.Offers[from].Target == rank ? sent.Length : 0, receive.Length, from);
            sent.CopyTo(receive);
            board.Meet();
        }

        private void Show(ReadOnlySpan<byte> bytes, int[] lengths)
        {
            (board.Offers[rank].Bytes, board.Offers[rank].Lengths) = (bytes.ToArray(), lengths);
            board.Meet();
        }

        private void RequireMatch(int sent, int expected, int from)
        {
            if (sent != expected)
            {
                throw new RankFailedException($"rank {rank} of {Size}: rank {from} sent a different number of values "
                    + $"(got {sent}, expected {expected})");
            }
        }
    }
}
