namespace Temper.Parallelism.Collectives.Native;

/// <summary>A communicator of an MPI library. Calls begin without waiting and are then asked for their end, so that a waiting rank leaves the core to others.</summary>
internal sealed unsafe class MpiCommunicator : Communicator
{
    private const int Spins = 2000, Yields = 20_000;

    private readonly MpiLibrary _mpi;
    private readonly nint _communicator;
    private readonly delegate* unmanaged[Cdecl]<nint*, int*, nint, int> _test;
    private readonly delegate* unmanaged[Cdecl]<void*, int*, int*, nint, void*, int*, int*, nint, nint, nint*, int> _exchange;
    private readonly delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, nint*, int> _sum;
    private readonly int[] _sendPlaces;
    private readonly int[] _receivePlaces;

    internal MpiCommunicator(MpiLibrary mpi, nint communicator)
    {
        (_mpi, _communicator) = (mpi, communicator);
        int rank, size;
        mpi.Check("MPI_Comm_set_errhandler", ((delegate* unmanaged[Cdecl]<nint, nint, int>)mpi.Function("MPI_Comm_set_errhandler"))(communicator, mpi.ErrorsReturn));
        mpi.Check("MPI_Comm_rank", ((delegate* unmanaged[Cdecl]<nint, int*, int>)mpi.Function("MPI_Comm_rank"))(communicator, &rank));
        mpi.Check("MPI_Comm_size", ((delegate* unmanaged[Cdecl]<nint, int*, int>)mpi.Function("MPI_Comm_size"))(communicator, &size));
        (Rank, Size, _sendPlaces, _receivePlaces) = (rank, size, new int[size], new int[size]);
        _test = (delegate* unmanaged[Cdecl]<nint*, int*, nint, int>)mpi.Function("MPI_Test");
        _exchange = (delegate* unmanaged[Cdecl]<void*, int*, int*, nint, void*, int*, int*, nint, nint, nint*, int>)mpi.Function("MPI_Ialltoallv");
        _sum = (delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, nint*, int>)mpi.Function("MPI_Iallreduce");
    }

    public override int Rank { get; }

    public override int Size { get; }

    public override Communicator Split(int color)
    {
        nint split = 0;                             // MPICH writes 32 bits only
        Check("MPI_Comm_split", ((delegate* unmanaged[Cdecl]<nint, int, int, nint*, int>)_mpi.Function("MPI_Comm_split"))(_communicator, color, Rank, &split));
        return new MpiCommunicator(_mpi, split);
    }

    public override void Barrier()
    {
        nint request = 0;
        Check("MPI_Ibarrier", ((delegate* unmanaged[Cdecl]<nint, nint*, int>)_mpi.Function("MPI_Ibarrier"))(_communicator, &request));
        Wait("MPI_Ibarrier", request);
    }

    public override void Abort(int code, string reason) => _mpi.Abort(code);

    internal override void ExchangeFloats(
        ReadOnlySpan<float> send, ReadOnlySpan<int> sendLengths, Span<float> receive, ReadOnlySpan<int> receiveLengths)
    {
        Places(sendLengths, _sendPlaces);
        Places(receiveLengths, _receivePlaces);
        nint request = 0;
        fixed (float* from = send, to = receive)
        fixed (int* sendCounts = sendLengths, receiveCounts = receiveLengths, sendPlaces = _sendPlaces, receivePlaces = _receivePlaces)
        {
            Check("MPI_Ialltoallv", _exchange(from, sendCounts, sendPlaces, _mpi.Float, to, receiveCounts, receivePlaces, _mpi.Float, _communicator, &request));
            Wait("MPI_Ialltoallv", request);
        }
    }

    internal override void SumFloats(Span<float> values)
    {
        nint request = 0;
        fixed (float* place = values)
        {
            Check("MPI_Iallreduce", _sum((void*)_mpi.InPlace, place, values.Length, _mpi.Float, _mpi.Sum, _communicator, &request));
            Wait("MPI_Iallreduce", request);
        }
    }

    internal override void GatherBytes(ReadOnlySpan<byte> own, Span<byte> all)
    {
        nint request = 0;
        fixed (byte* from = own, to = all)
        {
            Check("MPI_Iallgather", ((delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, nint*, int>)_mpi.Function("MPI_Iallgather"))(
                from, own.Length, _mpi.Byte, to, own.Length, _mpi.Byte, _communicator, &request));
            Wait("MPI_Iallgather", request);
        }
    }

    internal override void BroadcastBytes(Span<byte> values, int root)
    {
        nint request = 0;
        fixed (byte* place = values)
        {
            Check("MPI_Ibcast", ((delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, nint*, int>)_mpi.Function("MPI_Ibcast"))(
                place, values.Length, _mpi.Byte, root, _communicator, &request));
            Wait("MPI_Ibcast", request);
        }
    }

    internal override void SendReceiveFloats(ReadOnlySpan<float> send, int to, Span<float> receive, int from)
    {
        nint sending = 0, receiving = 0;
        fixed (float* source = send, target = receive)
        {
            Check("MPI_Irecv", ((delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)_mpi.Function("MPI_Irecv"))(
                target, receive.Length, _mpi.Float, from, 0, _communicator, &receiving));
            Check("MPI_Isend", ((delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)_mpi.Function("MPI_Isend"))(
                source, send.Length, _mpi.Float, to, 0, _communicator, &sending));
            Wait("MPI_Irecv", receiving);
            Wait("MPI_Isend", sending);
        }
    }

    protected override void Dispose(bool isDisposing)
    {
        if (isDisposing && _communicator != _mpi.World)
        {
            nint communicator = _communicator;
            _ = ((delegate* unmanaged[Cdecl]<nint*, int>)_mpi.Function("MPI_Comm_free"))(&communicator);
        }
    }

    private static void Places(ReadOnlySpan<int> lengths, Span<int> places)
    {
        int place = 0;
        for (int i = 0; i < lengths.Length; i++)
        {
            places[i] = place;
            place = checked(place + lengths[i]);
        }
    }

    /// <summary>Asks until a call has ended: first at once, then giving the core away, and after some milliseconds with pauses.</summary>
    private void Wait(string call, nint request)
    {
        int isDone = 0;
        for (int asked = 0; ; asked++)
        {
            Check(call, _test(&request, &isDone, _mpi.StatusesIgnore));
            if (isDone != 0)
            {
                return;
            }

            if (asked > Yields)
            {
                Thread.Sleep(1);
            }
            else if (asked > Spins)
            {
                Thread.Yield();
            }
        }
    }

    private void Check(string call, int code)
    {
        if (code != 0)
        {
            throw new RankFailedException($"rank {Rank} of {Size}: {call} failed ({_mpi.ErrorText(code)}); see whether all ranks and links are there");
        }
    }
}
