using Temper.Parallelism.Collectives;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Sums gradients over ranks in buckets of several parameters. A bucket is sent as soon as it is full, while the
/// backward pass continues with earlier layers.
/// </summary>
/// <param name="thread">Thread that makes the calls.</param>
/// <param name="options">Bucket size, format and order of the sums.</param>
internal sealed class GradientBuckets(CommunicationThread thread, DataRanksOptions options)
{
    private readonly int _length = options.BucketLength;

    private readonly List<Bucket> _buckets = [];
    private BFloat16Sum? _short;
    private int _current;

    /// <summary>Adds the gradient of a parameter. All ranks must add the parameters in the same order.</summary>
    internal void Add(string parameter, ReadOnlySpan<float> gradient)
    {
        if (_current < _buckets.Count
            && _buckets[_current].Count > 0 && _buckets[_current].Count + gradient.Length > _length)
        {
            Send();
        }

        if (_current == _buckets.Count)
        {
            _buckets.Add(new Bucket(this));
        }

        _buckets[_current].Add(parameter, gradient);
        if (_buckets[_current].Count >= _length)
        {
            Send();
        }
    }

    /// <summary>Waits for the sums and writes them back to the gradients.</summary>
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
        thread.Begin(_buckets[_current++].Pending);
    }

    /// <summary>Sums a bucket over the ranks. Runs on the communication thread.</summary>
    private void Sum(Communicator group, Span<float> values)
    {
        using StepTimeline.Span span = options.Timeline?.Begin("all-reduce") ?? default;
        if (options.Gradients == GradientFormat.BFloat16)
        {
            (_short ??= new BFloat16Sum(group)).AllReduce(values);
        }
        else
        {
            group.AllReduce(values, options.Order);
        }
    }

    private sealed class Bucket
    {
        private readonly List<(string Parameter, int Start, int Length)> _parts = [];
        private float[] _values = [];

        internal Bucket(GradientBuckets owner) => Pending = new PendingCall(group => owner.Sum(group, Values));

        internal int Count { get; private set; }

        internal Span<float> Values => _values.AsSpan(0, Count);

        /// <summary>The exchange of this bucket; restarted in each step.</summary>
        internal PendingCall Pending { get; }

        internal void Add(string parameter, ReadOnlySpan<float> gradient)
        {
            if (_values.Length < Count + gradient.Length)
            {
                // Pinned, so that the MPI library can read it while the garbage collector moves other objects.
                float[] larger = GC.AllocateUninitializedArray<float>(
                    Math.Max(Count + gradient.Length, 2 * _values.Length), pinned: true);
                Values.CopyTo(larger);
                _values = larger;
            }

            gradient.CopyTo(_values.AsSpan(Count));
            _parts.Add((parameter, Count, gradient.Length));
            Count += gradient.Length;
        }

        internal void Complete(Gradients gradients)
        {
            Pending.Wait();
            foreach ((string parameter, int start, int length) in _parts)
            {
                _values.AsSpan(start, length).CopyTo(gradients[parameter]);
            }

            _parts.Clear();
            Count = 0;
        }
    }
}
