using System.Collections.Concurrent;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Runs requests that come at any time from any thread: what has come while one batch ran is the next batch. A request
/// never waits for others to come, so a single one has the latency of a session; under load batches grow by themselves.
/// </summary>
/// <remarks>
/// Each result is that of a batch of the size it happened to be run in: equal up to rounding, not byte for byte, to a
/// run alone. Networks whose inputs or outputs have no batch axis run one request after the other.
/// </remarks>
/// <example><code>
/// await using var queue = new BatchingQueue(compiled, new BatchingOptions { MaxBatch = 16 });
/// IReadOnlyList&lt;Tensor> results = await queue.RunAsync([image], cancellation);
/// </code></example>
public sealed class BatchingQueue : IAsyncDisposable
{
    private readonly CompiledNetwork _compiled;
    private readonly BatchingOptions _options;
    private readonly BlockingCollection<BatchRequest> _waiting;
    private readonly bool _joins;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _batches;
    private long _samples;

    /// <summary>Starts a thread that runs what comes.</summary>
    /// <param name="compiled">The network; it must live longer than the queue.</param>
    /// <param name="options">Sizes; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public BatchingQueue(CompiledNetwork compiled, BatchingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(compiled);
        _options = options ?? new BatchingOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxBatch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Capacity, 1);
        _compiled = compiled;
        _waiting = new BlockingCollection<BatchRequest>(_options.Capacity);
        LayerGraph graph = compiled.Graph;
        _joins = Enumerable.Range(0, graph.InputCount).Concat(graph.Outputs).All(value => graph.Values[value].IsBatched)
            && graph.InputCount > 0;
        InferenceSession session = compiled.CreateSession(_options.Threads ?? Environment.ProcessorCount);
        new Thread(() => Work(session)) { IsBackground = true, Name = "temper batching" }.Start();
    }

    /// <summary>What it runs.</summary>
    public Network Network => _compiled.Network;

    /// <summary>Requests that wait now.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Batches run so far.</summary>
    public long Batches => Interlocked.Read(ref _batches);

    /// <summary>Samples run so far; a request without a batch axis counts as one.</summary>
    public long Samples => Interlocked.Read(ref _samples);

    /// <summary>Runs some samples, together with those of others.</summary>
    /// <param name="inputs">
    /// One tensor for each input, all of one batch size; they must not change until the result is there.
    /// </param>
    /// <param name="cancellation">A request that waits is given up; one that runs is finished.</param>
    /// <returns>One tensor for each output.</returns>
    /// <exception cref="ArgumentException">Number, shape or dtype of the inputs does not fit.</exception>
    /// <exception cref="QueueFullException">Too many requests wait.</exception>
    /// <exception cref="ObjectDisposedException">The queue takes no requests any more.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<IReadOnlyList<Tensor>> RunAsync(
        IReadOnlyList<Tensor> inputs, CancellationToken cancellation = default)
    {
        Network.CheckInputs(inputs);
        cancellation.ThrowIfCancellationRequested();
        var request = new BatchRequest(inputs, _joins ? inputs[0].Shape[0] : 0, cancellation);
        if (!Add(request))
        {
            throw new QueueFullException(
                $"BatchingQueue.RunAsync: {_options.Capacity} requests wait already; try again later");
        }

        using CancellationTokenRegistration registration = cancellation.Register(request.Cancel);
        return await request.Result.ConfigureAwait(false);
    }

    /// <summary>Takes no more requests, finishes those that wait, and ends the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.CompleteAdding();
        await _ended.Task.ConfigureAwait(false);
    }

    private bool Add(BatchRequest request)
    {
        try
        {
            return _waiting.TryAdd(request);
        }
        catch (InvalidOperationException error)
        {
            throw new ObjectDisposedException("BatchingQueue.RunAsync: the queue takes no requests any more", error);
        }
    }

    private void Work(InferenceSession session)
    {
        var batch = new List<BatchRequest>();
        BatchRequest? left = null;
        while (left is not null || _waiting.TryTake(out left, Timeout.Infinite))
        {
            batch.Clear();
            batch.Add(left);
            left = Gather(batch);
            Run(session, batch);
        }

        session.Dispose();
        _ended.SetResult();
    }

    /// <summary>Adds what waits as long as it fits; gives the first request that does not.</summary>
    private BatchRequest? Gather(List<BatchRequest> batch)
    {
        int samples = batch[0].Samples;
        while (samples > 0 && _waiting.TryTake(out BatchRequest? next))
        {
            if (next.Samples == 0 || samples + next.Samples > _options.MaxBatch)
            {
                return next;
            }

            samples += next.Samples;
            batch.Add(next);
        }

        return null;
    }

    private void Run(InferenceSession session, List<BatchRequest> batch)
    {
        batch.RemoveAll(request => request.Result.IsCompleted);
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            IReadOnlyList<Tensor> outputs = session.Run(batch.Count == 1 ? batch[0].Inputs : Joined(batch));
            int samples = batch.Sum(request => Math.Max(request.Samples, 1));
            Interlocked.Increment(ref _batches);
            Interlocked.Add(ref _samples, samples);
            int start = 0;
            foreach (BatchRequest request in batch)
            {
                int from = start;
                start += request.Samples;
                request.Complete(batch.Count == 1 ? outputs : [.. outputs.Select(output =>
                    output.Slice(0, from, from + request.Samples))]);
            }
        }
#pragma warning disable CA1031 // Whatever went wrong is the requests' to know; the thread goes on for the others.
        catch (Exception error)
#pragma warning restore CA1031
        {
            batch.ForEach(request => request.Fail(error));
        }
    }

    private static Tensor[] Joined(List<BatchRequest> batch) =>
        [.. batch[0].Inputs.Select((_, i) => Tensor.Concatenate([.. batch.Select(request => request.Inputs[i])], 0))];
}
