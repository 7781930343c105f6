using System.Diagnostics.CodeAnalysis;

namespace Temper.Inference;

/// <summary>
/// The requests that wait for the worker of a <see cref="BatchingQueue"/>, oldest first. Thread-safe.
/// </summary>
/// <param name="capacity">Maximum number of requests.</param>
internal sealed class RequestQueue(int capacity)
{
    private readonly object _change = new();
    private readonly LinkedList<BatchRequest> _requests = new();
    private bool _isClosed;

    internal int Count
    {
        get
        {
            lock (_change)
            {
                return _requests.Count;
            }
        }
    }

    /// <summary>Adds a request and returns its place; null if the queue is full.</summary>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    internal LinkedListNode<BatchRequest>? Add(BatchRequest request)
    {
        lock (_change)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(BatchingQueue));
            if (_requests.Count >= capacity)
            {
                return null;
            }

            Monitor.Pulse(_change);
            return _requests.AddLast(request);
        }
    }

    /// <summary>Gives up a place; does nothing if the request has been taken.</summary>
    internal void Remove(LinkedListNode<BatchRequest> place)
    {
        lock (_change)
        {
            if (place.List is not null)
            {
                _requests.Remove(place);
            }
        }
    }

    /// <summary>Takes the oldest request, if there is one.</summary>
    /// <param name="waits">Whether to wait for a request until the queue is closed.</param>
    /// <param name="request">The request.</param>
    internal bool TryTake(bool waits, [NotNullWhen(true)] out BatchRequest? request)
    {
        lock (_change)
        {
            while (waits && _requests.Count == 0 && !_isClosed)
            {
                Monitor.Wait(_change);
            }

            request = _requests.First?.Value;
            if (request is null)
            {
                return false;
            }

            _requests.RemoveFirst();
            return true;
        }
    }

    /// <summary>Refuses further requests; those that wait can still be taken.</summary>
    internal void Close()
    {
        lock (_change)
        {
            _isClosed = true;
            Monitor.PulseAll(_change);
        }
    }
}
