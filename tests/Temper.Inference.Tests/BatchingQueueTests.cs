using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Inference.Tests;

public sealed class BatchingQueueTests
{
    private static readonly Network Small = NetworkZoo.Create("lenet-5").Initialize(RandomStream.FromSeed(1));

    private static readonly Network Slow = Network.Build(
        InputSpec.Image(16, 128, 128), x => x.Conv2d(64, kernel: 5).Conv2d(4, kernel: 5)).Initialize(RandomStream.FromSeed(1));

    /// <summary>A sample takes about a millisecond, but little memory.</summary>
    private static readonly Network Wide = Network.Build(
        InputSpec.Features(16), x => x.Linear(2048).Relu().Linear(2048).Relu().Linear(4)).Initialize(RandomStream.FromSeed(1));

    [Fact]
    public async Task Requests_of_many_threads_get_their_own_results()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Small, new CompileOptions { TimesKernels = false });
        await using var queue = new BatchingQueue(compiled, new BatchingOptions { MaxBatch = 8, Capacity = 1000 });
        Tensor x = TestNetworks.Batch(Small, 64);
        float[] expected = Small.Forward(x).ToArray<float>();
        int[] starts = [0, 1, 3, 4, 9, 10, 13, 14, 15, 20, 40, 63, 64];
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            int part = i % (starts.Length - 1), from = starts[part], to = starts[part + 1];
            Tensor y = (await queue.RunAsync([x.Slice(0, from, to)], CancellationToken.None))[0];
            Near.Assert(expected.AsSpan((from * 10)..(to * 10)), y.ToArray<float>(), 1e-5f);
        });
        Assert.Equal(Enumerable.Range(0, 200).Sum(i => starts[(i % (starts.Length - 1)) + 1] - starts[i % (starts.Length - 1)]), queue.Samples);
        Assert.InRange(queue.Batches, 1, 200);
    }

    [Fact]
    public async Task A_request_above_the_maximum_batch_runs_in_parts()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Small, new CompileOptions { TimesKernels = false });
        await using var queue = new BatchingQueue(compiled, new BatchingOptions { MaxBatch = 4 });
        Tensor x = TestNetworks.Batch(Small, 70);
        Tensor y = (await queue.RunAsync([x]))[0];
        Near.Assert(Small.Forward(x).ToArray<float>(), y.ToArray<float>(), 1e-5f);
        Assert.All(compiled.ChosenKernels().PartSizes.Keys, size => Assert.InRange(size, 1, 4));
    }

    public static TheoryData<BatchingOptions, string> BadOptions => new()
    {
        { new BatchingOptions { MaxBatch = 0 }, "MaxBatch is out of range (got 0" },
        { new BatchingOptions { Capacity = -1 }, "Capacity is out of range (got -1" },
        { new BatchingOptions { Threads = 0 }, "Threads is out of range (got 0" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Option_out_of_range_is_refused_by_its_public_name(BatchingOptions options, string expected)
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Small, new CompileOptions { TimesKernels = false });
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => new BatchingQueue(compiled, options));
        Assert.StartsWith($"BatchingOptions: {expected}, expected 1 or more)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Full_queue_refuses_and_a_disposed_one_finishes_what_waits()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Slow, new CompileOptions { TimesKernels = false });
        var queue = new BatchingQueue(compiled, new BatchingOptions { MaxBatch = 1, Capacity = 2, Threads = 1 });
        Tensor x = TestNetworks.Batch(Slow, 1);
        var running = new List<Task<IReadOnlyList<Tensor>>>();
        QueueFullException? refused = null;
        for (int i = 0; i < 1000 && refused is null; i++)
        {
            Task<IReadOnlyList<Tensor>> task = queue.RunAsync([x]);
            refused = task.Exception?.InnerException as QueueFullException;
            running.Add(task);
        }

        Assert.NotNull(refused);
        await queue.DisposeAsync();
        running.RemoveAt(running.Count - 1);

        // The tasks complete on threads of the pool, perhaps after the queue.
        await Task.WhenAll(running).WaitAsync(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => queue.RunAsync([x]));
    }

    /// <summary>
    /// The first request has so many samples that it runs until it is canceled, which takes effect between two of them.
    /// </summary>
    [Fact]
    public async Task Cancelled_requests_give_up_their_places_at_once()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Wide, new CompileOptions { TimesKernels = false });
        await using var queue = new BatchingQueue(compiled, new BatchingOptions { MaxBatch = 1, Capacity = 2, Threads = 1 });
        Tensor x = TestNetworks.Batch(Wide, 1);
        using var stop = new CancellationTokenSource();
        List<Task<IReadOnlyList<Tensor>>> waiting = [queue.RunAsync([TestNetworks.Batch(Wide, 100_000)], stop.Token)];
        QueueFullException? refused = null;
        for (int i = 0; i < 1000 && refused is null; i++)
        {
            Task<IReadOnlyList<Tensor>> task = queue.RunAsync([x], stop.Token);
            refused = task.Exception?.InnerException as QueueFullException;
            waiting.Add(task);
        }

        Assert.NotNull(refused);
        waiting.RemoveAt(waiting.Count - 1);
        await stop.CancelAsync();
        Assert.Equal(0, queue.Waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(waiting));
        await Task.WhenAll(queue.RunAsync([x]), queue.RunAsync([x]));
    }

    [Fact]
    public async Task Cancelled_and_unfitting_requests_harm_no_other()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Small, new CompileOptions { TimesKernels = false });
        await using var queue = new BatchingQueue(compiled);
        Tensor x = TestNetworks.Batch(Small, 2);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queue.RunAsync([x], cancelled.Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => queue.RunAsync([x, x]));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => queue.RunAsync([Tensor.Zeros([2, 3])]));
        Tensor y = (await queue.RunAsync([x]))[0];
        Near.Assert(Small.Forward(x).ToArray<float>(), y.ToArray<float>(), 1e-5f);
    }

    /// <summary>An index out of range, which only the run can notice, fails its own request alone.</summary>
    [Fact]
    public async Task Values_of_one_request_do_not_fail_those_joined_with_it()
    {
        Network table = TestNetworks.WithStatistics(Network.Build(
            [new InputSpec { Name = "index", SampleShape = [2], DType = DType.Int64 }],
            inputs => [("rows", TestNetworks.C(inputs[0], 7, 6).Apply(new Gather(), null, inputs[0]))]).Initialize(RandomStream.FromSeed(1)));
        using CompiledNetwork compiled = CompiledNetwork.Compile(table, new CompileOptions { TimesKernels = false });
        await using var queue = new BatchingQueue(compiled, new BatchingOptions { MaxBatch = 8, Capacity = 1000 });
        Task<IReadOnlyList<Tensor>>[] requests =
            [.. Enumerable.Range(0, 60).Select(i => queue.RunAsync([Tensor.From<long>([i % 10 == 5 ? 99 : i % 7, 1], [1, 2])]))];
        for (int i = 0; i < requests.Length; i++)
        {
            if (i % 10 == 5)
            {
                await Assert.ThrowsAnyAsync<ArgumentException>(() => requests[i]);
            }
            else
            {
                float[] expected = table.Forward([Tensor.From<long>([i % 7, 1], [1, 2])], Pass.Evaluation)[0].ToArray<float>();
                Assert.Equal(expected, (await requests[i])[0].ToArray<float>());
            }
        }
    }
}
