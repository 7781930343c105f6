using Temper.Data.Augmentation;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Data;

/// <summary>One batch. Its tensors are used again: they hold until the batch after the next is asked for.</summary>
/// <param name="Inputs"><c>[N, ...]</c>, float32.</param>
/// <param name="Targets">Class labels, int64 <c>[N]</c>, or float32 <c>[N, ...]</c>.</param>
/// <param name="Index">Number of the batch in its epoch.</param>
public sealed record Batch(Tensor Inputs, Tensor Targets, int Index);

/// <summary>How a set is cut into batches.</summary>
public sealed record DataLoaderOptions
{
    /// <summary>Samples per batch.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Whether each epoch has an order of its own.</summary>
    public bool Shuffles { get; init; }

    /// <summary>Whether a last batch that is smaller is left out.</summary>
    public bool DropsLast { get; init; }

    /// <summary>Changes to each sample, in this order.</summary>
    public IReadOnlyList<SampleTransform> Transforms { get; init; } = [];

    /// <summary>
    /// The part of each batch that is made: that of one rank of several. Order and changes do not depend on it.
    /// </summary>
    public BatchPart Part { get; init; } = BatchPart.Whole;

    /// <summary>
    /// Which of the batches are made: where ranks take whole batches in turns, every so many-th; others are left out.
    /// </summary>
    internal BatchPart Turn { get; init; } = BatchPart.Whole;
}

/// <summary>
/// Batches of a set: the order is a permutation of (stream, epoch), augmentation depends on (stream, epoch, sample);
/// while one batch is used the next is made on another thread, which never changes what comes.
/// </summary>
public sealed class DataLoader
{
    private const int Slots = 3;

    private readonly Dataset _dataset;
    private readonly DataLoaderOptions _options;
    private readonly RandomStream _stream;
    private readonly Dictionary<(int Slot, int Count), (Tensor Inputs, Tensor Targets)> _buffers = [];

    /// <summary>Cuts a set into batches.</summary>
    /// <param name="dataset">The set.</param>
    /// <param name="options">Batch size, order, augmentation.</param>
    /// <param name="stream">Decides order and augmentation.</param>
    public DataLoader(Dataset dataset, DataLoaderOptions options, RandomStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        options.Part.Validated();
        options.Turn.Validated();
        (_dataset, _options, _stream) = (dataset, options, stream);
    }

    /// <summary>Samples of the set.</summary>
    public int SampleCount => _dataset.Count;

    /// <summary>Batches an epoch.</summary>
    public int BatchCount => _options.DropsLast
        ? _dataset.Count / _options.BatchSize
        : (_dataset.Count + _options.BatchSize - 1) / _options.BatchSize;

    /// <summary>Samples of a batch, of all parts together.</summary>
    /// <param name="index">Number of the batch in its epoch.</param>
    public int SamplesOf(int index) => Math.Min(_options.BatchSize, _dataset.Count - (index * _options.BatchSize));

    /// <summary>The batches of one epoch.</summary>
    /// <param name="epoch">Number of the epoch, which decides its order.</param>
    /// <param name="firstBatch">Where to begin, for a run that goes on in the middle.</param>
    public IEnumerable<Batch> Epoch(int epoch, int firstBatch = 0)
    {
        RandomStream stream = _stream.Split(epoch);
        int[]? order = _options.Shuffles ? stream.Split("order").Permutation(_dataset.Count) : null;
        RandomStream changes = stream.Split("augmentation");
        Task<Batch>? next = null;
        try
        {
            BatchPart turn = _options.Turn;
            for (int index = firstBatch + turn.Index; index < BatchCount; index += turn.Count)
            {
                Batch batch = next is null ? Make(index, order, changes) : next.GetAwaiter().GetResult();
                int following = index + turn.Count;
                next = following < BatchCount ? Task.Run(() => Make(following, order, changes)) : null;
                yield return batch;
            }
        }
        finally
        {
            // Left in the middle: the batch in the making must not write into the next epoch's buffers.
            next?.ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        }
    }

    private Batch Make(int index, int[]? order, RandomStream changes)
    {
        (int first, int count) = _options.Part.Of(SamplesOf(index));
        int start = (index * _options.BatchSize) + first;
        (Tensor inputs, Tensor targets) = Buffer(index / _options.Turn.Count % Slots, count);
        Span<float> values = inputs.Writable();
        int size = _dataset.SampleShape.Count;
        for (int i = 0; i < count; i++)
        {
            int sample = order is null ? start + i : order[start + i];
            Span<float> target = values.Slice(i * size, size);
            _dataset.CopySample(sample, target);
            ApplyTransforms(target, changes, sample);

            if (_dataset.TargetShape is { } shape)
            {
                _dataset.CopyTarget(sample, targets.Writable().Slice(i * shape.Count, shape.Count));
            }
            else
            {
                targets.Writable<long>()[i] = _dataset.Label(sample);
            }
        }

        inputs.Storage.MarkWritten();
        targets.Storage.MarkWritten();
        return new Batch(inputs, targets, index);
    }

    private void ApplyTransforms(Span<float> values, RandomStream changes, int sample)
    {
        if (_options.Transforms.Count == 0)
        {
            return;
        }

        RandomStream stream = changes.Split(sample);
        for (int i = 0; i < _options.Transforms.Count; i++)
        {
            _options.Transforms[i].Apply(values, _dataset.SampleShape, stream);
        }
    }

    private (Tensor Inputs, Tensor Targets) Buffer(int slot, int count)
    {
        lock (_buffers)
        {
            if (!_buffers.TryGetValue((slot, count), out (Tensor Inputs, Tensor Targets) buffer))
            {
                Tensor targets = _dataset.TargetShape is { } shape
                    ? Tensor.Zeros([count, .. shape.AsSpan()])
                    : Tensor.Full([count], 0L);
                buffer = (Tensor.Zeros([count, .. _dataset.SampleShape.AsSpan()]), targets);
                _buffers.Add((slot, count), buffer);
            }

            return buffer;
        }
    }
}
