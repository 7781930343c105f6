using System.Globalization;

namespace Temper.Kernels;

/// <summary>
/// A fork-join pool: a job is cut into tasks by its size, each thread claims those of its own range first, then those
/// that others have left. A worker that the system has not scheduled costs nothing, since the caller claims its tasks.
/// </summary>
/// <remarks>
/// Ranges are the same share of the tasks in every job, so that what a thread wrote in one kernel it mostly reads in
/// the next: writing a line of memory that another core holds takes as long as some hundred multiplications. Results
/// never depend on the number of threads: what a task does depends on its number only. A job started inside a task, or
/// while another thread uses the pool, runs on the calling thread. Safe for use from several threads.
/// </remarks>
public sealed unsafe partial class WorkerPool : IDisposable
{
    /// <summary>
    /// Rounds of looking for work before a worker sleeps: some tens of microseconds, longer than the gap between
    /// kernels.
    /// </summary>
    private const int SpinRounds = 3000;

    /// <summary>
    /// Words between two tickets: no two in one line of the cache, nor in two that are fetched together.
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
    /// For each thread, <see cref="Distance"/> words apart, upper half: number of the job, lower half: tasks of its
    /// range that nobody has claimed. One word, so that a claim is one exchange.
    /// </summary>
    private readonly long[] _tickets;
    private long _job;
    private int _tasks;
    private int _unfinished;
    private int _sleepers;
    private int _busy;
    private volatile bool _stopped;

    /// <summary>Starts a pool.</summary>
    /// <param name="threads">Threads that work on a job, the calling one included; one or more.</param>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
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
    /// The pool of the process: a thread per processor, or as many as the environment variable TEMPER_THREADS says.
    /// </summary>
    public static WorkerPool Default => Shared.Pool;

    /// <summary>
    /// The pool that this thread's operations use: the one given to <see cref="Use"/>, else <see cref="Default"/>.
    /// </summary>
    public static WorkerPool Current => _current ?? Default;

    /// <summary>Threads that work on a job, the calling one included.</summary>
    public int Threads { get; }

    /// <summary>
    /// Makes this pool the <see cref="Current"/> one of the calling thread until the result is disposed.
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

    /// <summary>Runs <c>body(state, task)</c> for every task from 0 on, and returns when all are done.</summary>
    /// <param name="body">The work; may throw, which reaches the caller when all tasks are done.</param>
    /// <param name="state">What the work needs; lives until this returns.</param>
    /// <param name="tasks">How many, decided by the size of the work alone.</param>
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

    /// <summary>Runs all tasks of some work from 0 on, and returns when all are done.</summary>
    /// <param name="work">The work; may throw, which reaches the caller when all tasks are done.</param>
    /// <param name="tasks">How many, decided by the size of the work alone.</param>
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

        // A worker that goes to sleep counts itself first and then looks at the tickets.
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

    /// <summary>Restores the thread's former pool when disposed.</summary>
    public readonly ref struct Usage
    {
        private readonly WorkerPool? _former;

        internal Usage(WorkerPool? former) => _former = former;

        /// <summary>Makes the former pool the current one again.</summary>
        public void Dispose() => _current = _former;
    }

    private static class Shared
    {
        internal static readonly WorkerPool Pool = new(Count());

        private static int Count() =>
            int.TryParse(Environment.GetEnvironmentVariable("TEMPER_THREADS"), NumberStyles.None, null, out int wanted)
                && wanted is > 0 and <= 1024
                ? wanted
                : Environment.ProcessorCount;
    }
}
