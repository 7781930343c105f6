using Temper.Parallelism.Collectives;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Sums gradients over ranks in buckets of several parameters. A bucket is on its way as soon as it is full, while the backward pass
/// goes on with earlier layers.
/// </summary>
/// <param name="thread">Makes the calls.</param>
/// <param name="length">Numbers of a bucket; a larger parameter has a bucket of its own.</param>
/// <param name="order">How terms are added.</param>
internal sealed class GradientBuckets(CommunicationThread thread, int length, SumOrder order)
{
    private readonly List<Bucket> _buckets = [];
    private int _current;

    /// <summary>Takes the gradient of a parameter. The order of the parameters is the same on all ranks.</summary>
    internal void Add(string parameter, ReadOnlySpan<float> gradient)
    {
        if (_current < _buckets.Count && _buckets[_current].Count > 0 && _buckets[_current].Count + gradient.Length > length)
        {
            Send();
        }

        if (_current == _buckets.Count)
        {
            _buckets.Add(new Bucket());
        }

        _buckets[_current].Add(parameter, gradient);
        if (_buckets[_current].Count >= length)
        {
            Send();
        }
    }

    /// <summary>Waits for the sums and writes them back.</summary>
    internal void Complete(Gradients gradients)
    {
        if (_current < _buckets.Count && _buckets[_current].Count > 0)
        {
            Send();
        }

        for (int i = 0; i < _current; i++)
        {
            _buckets[i].Complete(gradients);
        }

        _current = 0;
    }

    private void Send()
    {
        Bucket bucket = _buckets[_current++];
        bucket.Pending = thread.Begin(group => group.AllReduce(bucket.Values, order));
    }

    private sealed class Bucket
    {
        private readonly List<(string Parameter, int Start, int Length)> _parts = [];
        private float[] _values = [];

        internal int Count { get; private set; }

        internal Span<float> Values => _values.AsSpan(0, Count);

        internal PendingCall? Pending { get; set; }

        internal void Add(string parameter, ReadOnlySpan<float> gradient)
        {
            if (_values.Length < Count + gradient.Length)
            {
                // Pinned, so that a library may read it while collections move other objects.
                float[] larger = GC.AllocateUninitializedArray<float>(Math.Max(Count + gradient.Length, 2 * _values.Length), pinned: true);
                Values.CopyTo(larger);
                _values = larger;
            }

            gradient.CopyTo(_values.AsSpan(Count));
            _parts.Add((parameter, Count, gradient.Length));
            Count += gradient.Length;
        }

        internal void Complete(Gradients gradients)
        {
            Pending!.Wait();
            foreach ((string parameter, int start, int length) in _parts)
            {
                _values.AsSpan(start, length).CopyTo(gradients[parameter]);
            }

            _parts.Clear();
            (Count, Pending) = (0, null);
        }
    }
}
