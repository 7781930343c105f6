using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Batches requests from any number of threads. The requests that arrive while one batch runs form the next batch. A
/// request never waits for others to arrive, so a single request has the latency of a session, and batches grow with
/// the load.
/// </summary>
/// <remarks>
/// The size of the batch in which a request is run depends on the load. The result therefore equals that of a separate
/// run up to rounding, not byte for byte. If an input or output of the network has no batch axis, requests are run one
/// at a time.
/// </remarks>
/// <example><code>
/// await using var queue = new BatchingQueue(compiled, new BatchingOptions { MaxBatch = 16 });
/// IReadOnlyList&lt;Tensor> results = await queue.RunAsync([image], cancellation);
/// </code></example>
public sealed class BatchingQueue : IAsyncDisposable
{
    private readonly CompiledNetwork _compiled;
    private readonly BatchingOptions _options;
    private readonly RequestQueue _waiting;
    private readonly bool _joins;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _batches;
    private long _samples;

    /// <summary>Creates a queue and starts its worker thread.</summary>
    /// <param name="compiled">The network; it must outlive the queue.</param>
    /// <param name="options">Options; null: the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is less than 1.</exception>
    public BatchingQueue(CompiledNetwork compiled, BatchingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(compiled);
        _options = (options ?? new BatchingOptions()).Validated();
        _compiled = compiled;
        _waiting = new RequestQueue(_options.Capacity);
        LayerGraph graph = compiled.Graph;
        _joins = Enumerable.Range(0, graph.InputCount).Concat(graph.Outputs).All(value => graph.Values[value].IsBatched)
            && graph.InputCount > 0;
        InferenceSession session = compiled.CreateSession(_options.Threads ?? Environment.ProcessorCount);
        new Thread(() => Work(session)) { IsBackground = true, Name = "temper batching" }.Start();
    }

    /// <summary>The network that the queue runs.</summary>
    public Network Network => _compiled.Network;

    /// <summary>Number of requests currently waiting.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Number of batches run so far.</summary>
    public long Batches => Interlocked.Read(ref _batches);

    /// <summary>Number of samples run so far; a request without a batch axis counts as one.</summary>
    public long Samples => Interlocked.Read(ref _samples);

    /// <summary>Runs samples, possibly in one batch with other requests.</summary>
    /// <param name="inputs">
    /// One tensor per network input, all with the same batch size. They must not change until the task completes.
    /// </param>
    /// <param name="cancellation">
    /// Cancels the request while it waits, or between the parts of a large one; a batch that is already running
    /// completes.
    /// </param>
    /// <returns>One tensor per network output.</returns>
    /// <exception cref="ArgumentException">The number, shape or dtype of the inputs is wrong.</exception>
    /// <exception cref="QueueFullException">Too many requests are waiting.</exception>
    /// <exception cref="ObjectDisposedException">The queue has been disposed.</exception>
    /// <exception cref="OperationCanceledException">The request was canceled.</exception>
    public async Task<IReadOnlyList<Tensor>> RunAsync(
        IReadOnlyList<Tensor> inputs, CancellationToken cancellation = default)
    {
        Network.CheckInputs(inputs);
        cancellation.ThrowIfCancellationRequested();
        var request = new BatchRequest(inputs, _joins ? inputs[0].Shape[0] : 0, cancellation);
        LinkedListNode<BatchRequest> place = _waiting.Add(request) ?? throw new QueueFullException(
            $"BatchingQueue.RunAsync: the queue is full ({_options.Capacity} requests waiting); try again later");

        // A canceled request gives up its place at once: the worker may not come to it for a long time.
        using CancellationTokenRegistration registration = cancellation.Register(() =>
        {
            _waiting.Remove(place);
            request.Cancel();
        });
        return await request.Result.ConfigureAwait(false);
    }

    /// <summary>Stops accepting requests, completes those already waiting, and ends the worker thread.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Close();
        await _ended.Task.ConfigureAwait(false);
    }

    private void Work(InferenceSession session)
    {
        var batch = new List<BatchRequest>();
        BatchRequest? left = null;
        while (left is not null || _waiting.TryTake(waits: true, out left))
        {
            batch.Clear();
            batch.Add(left);
            left = Gather(batch);
            Run(session, batch);
        }

        session.Dispose();
        _ended.SetResult();
    }

    /// <summary>
    /// Adds waiting requests to the batch as long as they fit. Returns the first one that does not fit, or null.
    /// </summary>
    private BatchRequest? Gather(List<BatchRequest> batch)
    {
        int samples = batch[0].Samples;
        while (samples > 0 && _waiting.TryTake(waits: false, out BatchRequest? next))
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
            IReadOnlyList<Tensor> outputs = batch.Count == 1 ? InParts(session, batch[0]) : session.Run(Joined(batch));
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
#pragma warning disable CA1031 // Any error is reported to the request that causes it; others still run.
        catch (Exception error)
#pragma warning restore CA1031
        {
            // Values of one request, such as an index out of range, must not fail the requests joined with it.
            if (batch.Count > 1)
            {
                batch.ForEach(request => Run(session, [request]));
            }
            else
            {
                batch[0].Fail(error);
            }
        }
    }

    /// <summary>
    /// Runs one request in parts of at most the maximum batch, so that memory and compiled batch sizes do not grow
    /// with the request. Stops between parts if the request has been canceled.
    /// </summary>
    private IReadOnlyList<Tensor> InParts(InferenceSession session, BatchRequest request) => FixedBatch.Run(
        Network, request.Inputs,
        part =>
        {
            request.Cancellation.ThrowIfCancellationRequested();
            return session.Run(part);
        },
        _options.MaxBatch);

    private static Tensor[] Joined(List<BatchRequest> batch) =>
        [.. batch[0].Inputs.Select((_, i) => Tensor.Concatenate([.. batch.Select(request => request.Inputs[i])], 0))];
}
