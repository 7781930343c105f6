using Temper.Data.Augmentation;
using Temper.Kernels;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Data;

/// <summary>
/// One batch. Its tensors are reused: they stay valid until the batch after the next one is requested.
/// </summary>
/// <param name="Inputs">Samples <c>[N, ...]</c>, float32.</param>
/// <param name="Targets">Class labels, int64 <c>[N]</c>, or other targets, float32 <c>[N, ...]</c>.</param>
/// <param name="Index">Index of the batch in its epoch, from 0.</param>
public sealed record Batch(Tensor Inputs, Tensor Targets, int Index);

/// <summary>Options of a <see cref="DataLoader"/>.</summary>
public sealed record DataLoaderOptions
{
    /// <summary>Samples per batch.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Whether each epoch visits the samples in a new random order.</summary>
    public bool Shuffles { get; init; }

    /// <summary>Whether the last batch is dropped if it is smaller than the batch size.</summary>
    public bool DropsLast { get; init; }

    /// <summary>Transforms applied to each sample, in this order.</summary>
    public IReadOnlyList<SampleTransform> Transforms { get; init; } = [];

    /// <summary>
    /// The share of each batch to load, for one of several ranks. The order of samples and their transforms do not
    /// depend on it.
    /// </summary>
    public BatchPart Part { get; init; } = BatchPart.Whole;

    /// <summary>
    /// Which batches to load when ranks take whole batches in turn: every Count-th batch, starting at Index.
    /// </summary>
    internal BatchPart Turn { get; init; } = BatchPart.Whole;
}

/// <summary>
/// Loads the batches of a data set. The order of samples is a permutation that depends on (stream, epoch); augmentation
/// depends on (stream, epoch, sample). The next batch is prepared on another thread while the current one is used,
/// which does not affect the results.
/// </summary>
/// <remarks>Several epochs may be read at the same time, even on several threads: each has its own batches.</remarks>
public sealed class DataLoader
{
    private const int Slots = 3;

    private readonly Dataset _dataset;
    private readonly DataLoaderOptions _options;
    private readonly RandomStream _stream;

    /// <summary>Memory of the batches, kept for the next epoch; null while an epoch uses it.</summary>
    private Dictionary<(int Slot, int Count), (Tensor Inputs, Tensor Targets)>? _spare = [];

    /// <summary>Creates a loader for a data set.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="options">Batch size, order and augmentation.</param>
    /// <param name="stream">Random stream that determines order and augmentation.</param>
    public DataLoader(Dataset dataset, DataLoaderOptions options, RandomStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        options.Part.Validated();
        options.Turn.Validated();
        (_dataset, _options, _stream) = (dataset, options, stream);
    }

    /// <summary>Number of samples in the data set.</summary>
    public int SampleCount => _dataset.Count;

    /// <summary>Number of batches per epoch.</summary>
    public int BatchCount => _options.DropsLast
        ? _dataset.Count / _options.BatchSize
        : (int)(((long)_dataset.Count + _options.BatchSize - 1) / _options.BatchSize);

    /// <summary>Returns the number of samples in a batch, over all ranks.</summary>
    /// <param name="index">Index of the batch in its epoch.</param>
    public int SamplesOf(int index) => Math.Min(_options.BatchSize, _dataset.Count - (index * _options.BatchSize));

    /// <summary>Loads the batches of one epoch.</summary>
    /// <param name="epoch">Index of the epoch; determines the order of samples.</param>
    /// <param name="firstBatch">Index of the first batch, for a run that resumes within an epoch.</param>
    public IEnumerable<Batch> Epoch(int epoch, int firstBatch = 0)
    {
        RandomStream stream = _stream.Split(epoch);
        int[]? order = _options.Shuffles ? stream.Split("order").Permutation(_dataset.Count) : null;
        RandomStream changes = stream.Split("augmentation");
        Dictionary<(int Slot, int Count), (Tensor Inputs, Tensor Targets)> buffers =
            Interlocked.Exchange(ref _spare, null) ?? [];
        Task<Batch>? next = null;
        try
        {
            BatchPart turn = _options.Turn;
            for (int index = firstBatch + turn.Index; index < BatchCount; index += turn.Count)
            {
                Batch batch = next is null ? Make(index, order, changes, buffers) : next.GetAwaiter().GetResult();
                int following = index + turn.Count;
                next = following < BatchCount ? Begin(() => Make(following, order, changes, buffers)) : null;
                yield return batch;
            }
        }
        finally
        {
            // If the caller stops early, the batch being prepared must not write into the buffers of the next epoch.
            next?.ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
            Volatile.Write(ref _spare, buffers);
        }
    }

    /// <summary>Makes a batch on another thread, whose operations run on the reader's worker pool.</summary>
    private static Task<Batch> Begin(Func<Batch> make)
    {
        WorkerPool? pool = WorkerPool.InUse;
        return Task.Run(() =>
        {
            if (pool is null)
            {
                return make();
            }

            using WorkerPool.Usage usage = pool.Use();
            return make();
        });
    }

    private Batch Make(
        int index, int[]? order, RandomStream changes,
        Dictionary<(int Slot, int Count), (Tensor Inputs, Tensor Targets)> buffers)
    {
        (int first, int count) = _options.Part.Of(SamplesOf(index));
        int start = (index * _options.BatchSize) + first;
        (Tensor inputs, Tensor targets) = Buffer(buffers, index / _options.Turn.Count % Slots, count);
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

    private (Tensor Inputs, Tensor Targets) Buffer(
        Dictionary<(int Slot, int Count), (Tensor Inputs, Tensor Targets)> buffers, int slot, int count)
    {
        if (!buffers.TryGetValue((slot, count), out (Tensor Inputs, Tensor Targets) buffer))
        {
            Tensor targets = _dataset.TargetShape is { } shape
                ? Tensor.Zeros([count, .. shape.AsSpan()])
                : Tensor.Full([count], 0L);
            buffer = (Tensor.Zeros([count, .. _dataset.SampleShape.AsSpan()]), targets);
            buffers.Add((slot, count), buffer);
        }

        return buffer;
    }
}
