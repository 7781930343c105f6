using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Temper.Parallelism.Collectives;

/// <summary>
/// Runs collective calls in the background while this rank computes. One thread makes the calls in the order in which
/// they were started, on a communicator of its own.
/// </summary>
public sealed class CommunicationThread : IDisposable
{
    private readonly Communicator _group;
    private readonly BlockingCollection<PendingCall> _calls = [];
    private readonly Thread _thread;

    /// <summary>Starts the thread. Must be called by all ranks.</summary>
    /// <param name="ranks">
    /// The group of ranks. It is split, so calls on it may run concurrently with those of the thread.
    /// </param>
    public CommunicationThread(Communicator ranks)
    {
        _group = ranks.Split(color: 0);
        _thread = new Thread(Work) { Name = "communication", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Bytes sent by the thread's calls; see <see cref="Communicator.BytesSent"/>.</summary>
    public long BytesSent => Interlocked.Read(ref _bytes);

    private long _bytes;

    /// <summary>Starts a call. All ranks must start the same calls in the same order.</summary>
    /// <param name="call">
    /// Makes the call. Its buffers must not be accessed until <see cref="PendingCall.Wait"/> returns.
    /// </param>
    /// <returns>The handle of the call.</returns>
    public PendingCall Begin(Action<Communicator> call)
    {
        var pending = new PendingCall(call);
        Begin(pending);
        return pending;
    }

    /// <summary>Starts a call again after its previous run was waited for.</summary>
    internal void Begin(PendingCall pending)
    {
        pending.Reset();
        _calls.Add(pending);
    }

    /// <summary>Stops the thread after all started calls have completed.</summary>
    public void Dispose()
    {
        _calls.CompleteAdding();
        _thread.Join();
        _group.Dispose();
        _calls.Dispose();
    }

    private void Work()
    {
        foreach (PendingCall call in _calls.GetConsumingEnumerable())
        {
            call.Run(_group);
            Interlocked.Exchange(ref _bytes, _group.BytesSent);
        }
    }
}

/// <summary>Handle of a call started on a <see cref="CommunicationThread"/>.</summary>
public sealed class PendingCall
{
    private readonly object _end = new();
    private readonly Action<Communicator> _call;
    private bool _isDone;
    private ExceptionDispatchInfo? _error;

    internal PendingCall(Action<Communicator> call) => _call = call;

    /// <summary>Whether the call has completed.</summary>
    public bool IsDone => Volatile.Read(ref _isDone);

    /// <summary>Blocks until the call has completed.</summary>
    /// <exception cref="RankFailedException">The call failed.</exception>
    public void Wait()
    {
        lock (_end)
        {
            while (!_isDone)
            {
                Monitor.Wait(_end);
            }
        }

        _error?.Throw();
    }

    /// <summary>Resets the handle for another run, after the previous run was waited for.</summary>
    internal void Reset() => (_error, _isDone) = (null, false);

    internal void Run(Communicator group)
    {
        try
        {
            _call(group);
        }
        catch (Exception error)
        {
            _error = ExceptionDispatchInfo.Capture(error);
        }

        lock (_end)
        {
            _isDone = true;
            Monitor.PulseAll(_end);
        }
    }
}
