using System.Globalization;

namespace Temper.Kernels;

/// <summary>
/// A fork-join thread pool. A job is split into tasks by its size; each thread first claims tasks of its own range,
/// then tasks that other threads have not claimed. The calling thread takes part, so a worker that is not scheduled
/// does not delay the job.
/// </summary>
/// <remarks>
/// A thread's range is the same fraction of the tasks in every job, so that a thread mostly reads what it wrote in the
/// preceding kernel: writing a cache line that another core holds takes as long as a few hundred multiplications.
/// Results never depend on the number of threads, because the work of a task depends only on its index. A job that is
/// started inside a task, or while another thread uses the pool, runs on the calling thread. Thread-safe.
/// </remarks>
public sealed unsafe partial class WorkerPool : IDisposable
{
    /// <summary>
    /// Number of rounds in which a worker looks for work before it sleeps: tens of microseconds, longer than the gap
    /// between kernels.
    /// </summary>
    private const int SpinRounds = 3000;

    /// <summary>
    /// Number of words between two tickets, so that they are not in the same or in adjacent cache lines.
    /// </summary>
    private const int Distance = 16;

    [ThreadStatic]
    private static WorkerPool? _current;

    [ThreadStatic]
    private static bool _insideTask;

    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread[] _workers;
    private delegate*<void*, int, void> _body;
    private void* _state;
    private IPoolWork? _work;
    private Exception? _failure;

    /// <summary>
    /// Tickets of the threads, <see cref="Distance"/> words apart. Upper half: number of the job; lower half: number of
    /// unclaimed tasks in the thread's range. One word, so that a claim is a single compare-and-swap.
    /// </summary>
    private readonly long[] _tickets;
    private long _job;
    private int _tasks;
    private int _unfinished;
    private int _sleepers;
    private int _busy;
    private volatile bool _stopped;

    /// <summary>Starts a pool.</summary>
    /// <param name="threads">
    /// Number of threads that work on a job, including the calling thread: 1 to 64, or to twice the number of
    /// processors if that is more. Waiting workers poll, so with many more threads than processors they stop each
    /// other.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of range.</exception>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, MaxThreads);
        Threads = threads;
        _tickets = new long[(threads + 1) * Distance];
        _workers = new Thread[threads - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            int number = i + 1;
            _workers[i] = new Thread(() => Work(number)) { IsBackground = true, Name = $"Temper worker {i + 1}" };
            _workers[i].Start();
        }
    }

    /// <summary>
    /// The pool of the process. It has one thread per processor, or the number given by the environment variable
    /// TEMPER_THREADS; a larger number than a pool can have counts as the largest.
    /// </summary>
    public static WorkerPool Default => Shared.Pool;

    /// <summary>
    /// The pool used by operations on the calling thread: the one set by <see cref="Use"/>, else <see cref="Default"/>.
    /// </summary>
    public static WorkerPool Current => _current ?? Default;

    /// <summary>
    /// The pool set by <see cref="Use"/> on the calling thread, for threads that work in its place; null: none.
    /// </summary>
    internal static WorkerPool? InUse => _current;

    /// <summary>Number of threads that work on a job, including the calling thread.</summary>
    public int Threads { get; }

    private static int MaxThreads => Math.Max(64, 2 * Environment.ProcessorCount);

    /// <summary>
    /// Makes this pool the <see cref="Current"/> pool of the calling thread until the returned value is disposed.
    /// </summary>
    public Usage Use()
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        var usage = new Usage(_current);
        _current = this;
        return usage;
    }

    /// <summary>Stops the workers. No job may be running.</summary>
    public void Dispose()
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        _wake.Release(Math.Max(_workers.Length, 1));
        foreach (Thread worker in _workers)
        {
            worker.Join();
        }

        _wake.Dispose();
    }

    /// <summary>
    /// Returns the number of threads of the pool of the process for a value of TEMPER_THREADS. A number that a pool
    /// refuses would make every operation of the process fail, so it is limited; text that is no number is ignored.
    /// </summary>
    internal static int ThreadsOf(string? setting) =>
        int.TryParse(setting, NumberStyles.None, CultureInfo.InvariantCulture, out int wanted) && wanted > 0
            ? Math.Min(wanted, MaxThreads)
            : Environment.ProcessorCount;

    /// <summary>
    /// Runs <c>body(state, task)</c> for every task index from 0 on, and returns when all tasks are done.
    /// </summary>
    /// <param name="body">The work. An exception is rethrown to the caller when all tasks are done.</param>
    /// <param name="state">Argument of the body; must stay valid until this method returns.</param>
    /// <param name="tasks">Number of tasks, which must depend only on the size of the work.</param>
    internal void Run(delegate*<void*, int, void> body, void* state, int tasks)
    {
        if (!IsToShare(tasks))
        {
            for (int i = 0; i < tasks; i++)
            {
                body(state, i);
            }

            return;
        }

        _body = body;
        _state = state;
        Share(tasks);
    }

    /// <summary>Runs all tasks of some work, with indices from 0 on, and returns when all tasks are done.</summary>
    /// <param name="work">The work. An exception is rethrown to the caller when all tasks are done.</param>
    /// <param name="tasks">Number of tasks, which must depend only on the size of the work.</param>
    internal void Run(IPoolWork work, int tasks)
    {
        if (!IsToShare(tasks))
        {
            RunHere(work, tasks);
            return;
        }

        _work = work;
        Share(tasks);
    }

    private static void RunHere(IPoolWork work, int tasks)
    {
        bool wasInside = _insideTask;
        _insideTask = true;
        try
        {
            for (int i = 0; i < tasks; i++)
            {
                work.Run(i, thread: 0);
            }
        }
        finally
        {
            _insideTask = wasInside;
        }
    }

    private bool IsToShare(int tasks) =>
        tasks > 1 && Threads > 1 && !_insideTask && Interlocked.Exchange(ref _busy, 1) == 0;

    private void Share(int tasks)
    {
        _failure = null;
        _tasks = tasks;
        Volatile.Write(ref _unfinished, tasks);
        _job++;
        for (int thread = Threads - 1; thread >= 0; thread--)
        {
            Volatile.Write(ref Ticket(thread), (_job << 32) | (uint)(FirstOf(thread + 1) - FirstOf(thread)));
        }

        // A worker that goes to sleep first counts itself and then looks at the tickets.
        Interlocked.MemoryBarrier();
        int asleep = Volatile.Read(ref _sleepers);
        if (asleep > 0)
        {
            _wake.Release(Math.Min(asleep, tasks - 1));
        }

        while (ClaimOne(0))
        {
        }

        for (int round = 0; Volatile.Read(ref _unfinished) != 0; round++)
        {
            if (round < SpinRounds)
            {
                Thread.SpinWait(2);
            }
            else
            {
                Thread.Yield();
            }
        }

        Exception? failure = _failure;
        _work = null;
        Volatile.Write(ref _busy, 0);
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Restores the thread's previous pool when disposed.</summary>
    public readonly ref struct Usage
    {
        private readonly WorkerPool? _former;

        internal Usage(WorkerPool? former) => _former = former;

        /// <summary>Makes the previous pool the current one again.</summary>
        public void Dispose() => _current = _former;
    }

    private static class Shared
    {
        internal static readonly WorkerPool Pool = new(ThreadsOf(Environment.GetEnvironmentVariable("TEMPER_THREADS")));
    }
}
