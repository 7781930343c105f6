using Temper.Kernels;

namespace Temper.Tests.Kernels;

public sealed class WorkerPoolTests
{
    public static TheoryData<int, int> Sizes
    {
        get
        {
            var sizes = new TheoryData<int, int>();
            foreach (int threads in new[] { 1, 2, 3, 5 })
            {
                foreach (int tasks in new[] { 0, 1, 2, 3, 7, 64, 1000 })
                {
                    sizes.Add(threads, tasks);
                }
            }

            return sizes;
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public unsafe void Every_task_is_done_once(int threads, int tasks)
    {
        using var pool = new WorkerPool(threads);
        int[] done = GC.AllocateArray<int>(tasks + 1, pinned: true);
        for (int job = 1; job <= 200; job++)
        {
            fixed (int* counts = done)
            {
                pool.Run(&CountTask, counts, tasks);
            }

            Assert.All(done.Take(tasks), count => Assert.Equal(job, count));
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Work_gives_each_thread_one_task_at_a_time(int threads, int tasks)
    {
        using var pool = new WorkerPool(threads);
        int[] done = new int[tasks];
        int[] inside = new int[threads];
        pool.Run(
            new Work((task, thread) =>
            {
                Assert.Equal(1, Interlocked.Increment(ref inside[thread]));
                Interlocked.Increment(ref done[task]);
                Thread.SpinWait(20);
                Interlocked.Decrement(ref inside[thread]);
            }),
            tasks);
        Assert.All(done, count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Jobs_within_tasks_stay_on_the_thread(int threads)
    {
        using var pool = new WorkerPool(threads);
        var strangers = new List<int>();
        pool.Run(
            new Work((_, _) =>
            {
                int outside = Environment.CurrentManagedThreadId;
                WorkerPool.Current.Run(
                    new Work((_, _) =>
                    {
                        if (Environment.CurrentManagedThreadId != outside)
                        {
                            lock (strangers)
                            {
                                strangers.Add(outside);
                            }
                        }
                    }),
                    5);
            }),
            40);
        Assert.Empty(strangers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_failure_reaches_the_caller_and_the_pool_goes_on(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (int run = 0; run < 20; run++)
        {
            Assert.Throws<InvalidTimeZoneException>(() => pool.Run(new Work((task, _) =>
            {
                if (task == 3)
                {
                    throw new InvalidTimeZoneException();
                }
            }), 9));
            int count = 0;
            pool.Run(new Work((_, _) => Interlocked.Increment(ref count)), 9);
            Assert.Equal(9, count);
        }
    }

    [Fact]
    public void Threads_may_share_it()
    {
        using var pool = new WorkerPool(threads: 3);
        int count = 0;
        Thread[] callers = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int job = 0; job < 500; job++)
            {
                pool.Run(new Work((_, _) => Interlocked.Increment(ref count)), 11);
            }
        }))];
        Array.ForEach(callers, caller => caller.Start());
        Array.ForEach(callers, caller => caller.Join());
        Assert.Equal(4 * 500 * 11, count);
    }

    [Fact]
    public void A_number_of_threads_from_outside_is_one_that_a_pool_can_have()
    {
        Assert.Equal(3, WorkerPool.ThreadsOf("3"));
        Assert.Equal(Math.Max(64, 2 * Environment.ProcessorCount), WorkerPool.ThreadsOf("1000"));
        foreach (string? text in new[] { null, "", "0", "-2", "many", "99999999999" })
        {
            Assert.Equal(Environment.ProcessorCount, WorkerPool.ThreadsOf(text));
        }
    }

    private static unsafe void CountTask(void* state, int task) => Interlocked.Increment(ref ((int*)state)[task]);

    private sealed class Work(Action<int, int> body) : IPoolWork
    {
        public void Run(int task, int thread) => body(task, thread);
    }
}
