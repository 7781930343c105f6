using System.Diagnostics;
using System.Globalization;

namespace Temper.Parallelism.Collectives.Native;

/// <summary>
/// A communicator of an MPI library. Calls are nonblocking and then polled for completion, so that a waiting rank
/// yields its core to others.
/// </summary>
internal sealed unsafe class MpiCommunicator : Communicator
{
    private const int Spins = 2000, Yields = 20_000;

    private readonly MpiLibrary _mpi;
    private readonly nint _communicator;
    private readonly delegate* unmanaged[Cdecl]<nint*, int*, nint, int> _test;
    private readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int> _send, _receive;
    private readonly delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, nint*, int> _sum;
    private readonly nint[] _requests;

    internal MpiCommunicator(MpiLibrary mpi, nint communicator)
    {
        (_mpi, _communicator) = (mpi, communicator);
        var setErrorHandler = (delegate* unmanaged[Cdecl]<nint, nint, int>)mpi.Function("MPI_Comm_set_errhandler");
        var getRank = (delegate* unmanaged[Cdecl]<nint, int*, int>)mpi.Function("MPI_Comm_rank");
        var getSize = (delegate* unmanaged[Cdecl]<nint, int*, int>)mpi.Function("MPI_Comm_size");
        int rank, size;
        mpi.Check("MPI_Comm_set_errhandler", setErrorHandler(communicator, mpi.ErrorsReturn));
        mpi.Check("MPI_Comm_rank", getRank(communicator, &rank));
        mpi.Check("MPI_Comm_size", getSize(communicator, &size));
        (Rank, Size, _requests) = (rank, size, new nint[2 * size]);
        _test = (delegate* unmanaged[Cdecl]<nint*, int*, nint, int>)mpi.Function("MPI_Test");
        _send = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)mpi.Function("MPI_Isend");
        _receive = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)mpi.Function("MPI_Irecv");
        _sum = (delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, nint*, int>)
            mpi.Function("MPI_Iallreduce");
    }

    public override int Rank { get; }

    public override int Size { get; }

    public override Communicator Split(int color)
    {
        var call = (delegate* unmanaged[Cdecl]<nint, int, int, nint*, int>)_mpi.Function("MPI_Comm_split");

        // Handles start at 0, since MPICH writes only 32 bits of them.
        nint split = 0;
        Check("MPI_Comm_split", call(_communicator, color, Rank, &split));
        return new MpiCommunicator(_mpi, split);
    }

    public override void Barrier()
    {
        var call = (delegate* unmanaged[Cdecl]<nint, nint*, int>)_mpi.Function("MPI_Ibarrier");
        nint request = 0;
        Check("MPI_Ibarrier", call(_communicator, &request));
        Wait("MPI_Ibarrier", request);
    }

    public override void Abort(int code, string reason) => _mpi.Abort(code);

    internal override void ExchangeFloats(
        Pieces send, Span<float> receive, ReadOnlySpan<int> receiveLengths, ReadOnlySpan<int> receivePlaces)
    {
        fixed (float* from = send.Values, to = receive)
        {
            int started = 0;
            for (int rank = 0; rank < Size; rank++)
            {
                if (rank == Rank)
                {
                    send.Values.Slice(send.Places[rank], send.Lengths[rank])
                        .CopyTo(receive.Slice(receivePlaces[rank], receiveLengths[rank]));
                }
                else if (receiveLengths[rank] > 0)
                {
                    _requests[started++] = Receive(to + receivePlaces[rank], receiveLengths[rank], rank);
                }
            }

            for (int rank = 0; rank < Size; rank++)
            {
                if (rank != Rank && send.Lengths[rank] > 0)
                {
                    _requests[started++] = Send(from + send.Places[rank], send.Lengths[rank], rank);
                }
            }

            for (int i = 0; i < started; i++)
            {
                Wait("MPI_Isend, MPI_Irecv", _requests[i]);
            }
        }
    }

    internal override void SumFloats(Span<float> values)
    {
        nint request = 0;
        fixed (float* place = values)
        {
            int code = _sum((void*)_mpi.InPlace, place, values.Length, _mpi.Float, _mpi.Sum, _communicator, &request);
            Check("MPI_Iallreduce", code);
            Wait("MPI_Iallreduce", request);
        }
    }

    internal override void GatherBytes(ReadOnlySpan<byte> own, Span<byte> all)
    {
        var call = (delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, nint*, int>)
            _mpi.Function("MPI_Iallgather");
        nint request = 0;
        fixed (byte* from = own, to = all)
        {
            int code = call(from, own.Length, _mpi.Byte, to, own.Length, _mpi.Byte, _communicator, &request);
            Check("MPI_Iallgather", code);
            Wait("MPI_Iallgather", request);
        }
    }

    internal override void BroadcastBytes(Span<byte> values, int root)
    {
        var call = (delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, nint*, int>)_mpi.Function("MPI_Ibcast");
        nint request = 0;
        fixed (byte* place = values)
        {
            Check("MPI_Ibcast", call(place, values.Length, _mpi.Byte, root, _communicator, &request));
            Wait("MPI_Ibcast", request);
        }
    }

    internal override void SendReceiveFloats(ReadOnlySpan<float> send, int to, Span<float> receive, int from)
    {
        fixed (float* source = send, target = receive)
        {
            nint receiving = Receive(target, receive.Length, from), sending = Send(source, send.Length, to);
            Wait("MPI_Irecv", receiving);
            Wait("MPI_Isend", sending);
        }
    }

    protected override void Dispose(bool isDisposing)
    {
        if (isDisposing && _communicator != _mpi.World)
        {
            var free = (delegate* unmanaged[Cdecl]<nint*, int>)_mpi.Function("MPI_Comm_free");
            nint communicator = _communicator;
            _ = free(&communicator);
        }

        base.Dispose(isDisposing);
    }

// Handles start at 0, since MPICH writes only 32 bits of them.
    private nint Send(float* values, int length, int to)
    {
        nint request = 0;
        Check("MPI_Isend", _send(values, length, _mpi.Float, to, 0, _communicator, &request));
        return request;
    }

    private nint Receive(float* values, int length, int from)
    {
        nint request = 0;
        Check("MPI_Irecv", _receive(values, length, _mpi.Float, from, 0, _communicator, &request));
        return request;
    }

    /// <summary>
    /// Polls until a call has completed: first without a pause, then yielding the core, and after some milliseconds
    /// with sleeps.
    /// </summary>
    private void Wait(string call, nint request)
    {
        int isDone = 0;
        long start = 0;
        for (int asked = 0; ; asked++)
        {
            Check(call, _test(&request, &isDone, _mpi.StatusesIgnore));
            if (isDone != 0)
            {
                return;
            }

            if (asked > Yields)
            {
                start = start == 0 ? Stopwatch.GetTimestamp() : start;
                RequireInTime(call, Stopwatch.GetElapsedTime(start));
                Thread.Sleep(1);
            }
            else if (asked > Spins)
            {
                Thread.Yield();
            }
        }
    }

    /// <summary>
    /// Throws if a call has waited longer than the time limit. A rank cannot tell a broken link from a rank that
    /// computes.
    /// </summary>
    private void RequireInTime(string call, TimeSpan waited)
    {
        if (waited > _mpi.TimeLimit)
        {
            throw new RankFailedException(string.Create(
                CultureInfo.InvariantCulture,
                $"rank {Rank} of {Size}: {call} has not completed after {waited.TotalSeconds:F0} s; "
                + $"check that all hosts and links are up, or set a longer --rank-timeout"));
        }
    }

    private void Check(string call, int code)
    {
        if (code != 0)
        {
            throw new RankFailedException($"rank {Rank} of {Size}: {call} failed ({_mpi.ErrorText(code)}); check that "
                + "all ranks and links are up");
        }
    }
}
