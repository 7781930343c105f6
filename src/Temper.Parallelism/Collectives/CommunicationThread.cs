using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Temper.Parallelism.Collectives;

/// <summary>
/// Calls over ranks that go on while this rank computes: one thread makes them, in the order in which they were begun,
/// on a group of its own.
/// </summary>
public sealed class CommunicationThread : IDisposable
{
    private readonly Communicator _group;
    private readonly BlockingCollection<PendingCall> _calls = [];
    private readonly Thread _thread;

    /// <summary>Starts the thread. Called by all ranks.</summary>
    /// <param name="ranks">The group; calls on it go on beside those of the thread.</param>
    public CommunicationThread(Communicator ranks)
    {
        _group = ranks.Split(color: 0);
        _thread = new Thread(Work) { Name = "communication", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Bytes that the thread's calls have sent; see <see cref="Communicator.BytesSent"/>.</summary>
    public long BytesSent => Interlocked.Read(ref _bytes);

    private long _bytes;

    /// <summary>Begins a call. All ranks begin the same calls in the same order.</summary>
    /// <param name="call">
    /// Makes the call; what it reads and writes is not touched before the result is waited for.
    /// </param>
    /// <returns>The handle to wait for.</returns>
    public PendingCall Begin(Action<Communicator> call)
    {
        var pending = new PendingCall(call);
        Begin(pending);
        return pending;
    }

    /// <summary>Begins a call again whose last one has been waited for.</summary>
    internal void Begin(PendingCall pending)
    {
        pending.Reset();
        _calls.Add(pending);
    }

    /// <summary>Ends the thread after the calls that were begun.</summary>
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

/// <summary>The handle of a call that goes on.</summary>
public sealed class PendingCall
{
    private readonly object _end = new();
    private readonly Action<Communicator> _call;
    private bool _isDone;
    private ExceptionDispatchInfo? _error;

    internal PendingCall(Action<Communicator> call) => _call = call;

    /// <summary>Whether the call has ended.</summary>
    public bool IsDone => Volatile.Read(ref _isDone);

    /// <summary>Returns when the call has ended.</summary>
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

    /// <summary>Prepares the handle for another call, after the last one was waited for.</summary>
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
