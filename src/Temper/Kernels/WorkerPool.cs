using System.Globalization;

namespace Temper.Kernels;

/// <summary>
/// A fork-join pool: a job is cut into tasks by its size, and whoever is free claims the next one. A worker that the system
/// has not scheduled costs nothing, since the caller claims its tasks.
/// </summary>
/// <remarks>
/// Results never depend on the number of threads: what a task does depends on its number only. A job started inside a task, or
/// while another thread uses the pool, runs on the calling thread. Safe for use from several threads.
/// </remarks>
public sealed unsafe class WorkerPool : IDisposable
{
    /// <summary>Rounds of looking for work before a worker sleeps: some tens of microseconds, longer than the gap between kernels.</summary>
    private const int SpinRounds = 3000;

    [ThreadStatic]
    private static WorkerPool? _current;

    [ThreadStatic]
    private static bool _insideTask;

    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread[] _workers;
    private delegate*<void*, int, void> _body;
    private void* _state;
    private Exception? _failure;

    /// <summary>Upper half: number of the job. Lower half: tasks that nobody has claimed. One word, so that a claim is one exchange.</summary>
    private long _ticket;
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
        _workers = new Thread[threads - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Thread(Work) { IsBackground = true, Name = $"Temper worker {i + 1}" };
            _workers[i].Start();
        }
    }

    /// <summary>The pool of the process: a thread a processor, or as many as the environment variable TEMPER_THREADS says.</summary>
    public static WorkerPool Default => Shared.Pool;

    /// <summary>The pool that this thread's operations use: the one given to <see cref="Use"/>, else <see cref="Default"/>.</summary>
    public static WorkerPool Current => _current ?? Default;

    /// <summary>Threads that work on a job, the calling one included.</summary>
    public int Threads { get; }

    /// <summary>Makes this pool the <see cref="Current"/> one of the calling thread until the result is disposed.</summary>
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
        if (tasks <= 1 || Threads == 1 || _insideTask || Interlocked.Exchange(ref _busy, 1) != 0)
        {
            for (int i = 0; i < tasks; i++)
            {
                body(state, i);
            }

            return;
        }

        _body = body;
        _state = state;
        _failure = null;
        Volatile.Write(ref _unfinished, tasks);
        Interlocked.Exchange(ref _ticket, (((_ticket >> 32) + 1) << 32) | (uint)tasks);
        int asleep = Volatile.Read(ref _sleepers);
        if (asleep > 0)
        {
            _wake.Release(Math.Min(asleep, tasks - 1));
        }

        while (ClaimOne())
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
        Volatile.Write(ref _busy, 0);
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    private bool ClaimOne()
    {
        long ticket = Volatile.Read(ref _ticket);
        int left = (int)ticket;
        if (left == 0)
        {
            return false;
        }

        if (Interlocked.CompareExchange(ref _ticket, ticket - 1, ticket) != ticket)
        {
            return true;
        }

        // Claimed: the job cannot end, hence body and state cannot change, before this task is counted as finished.
        _insideTask = true;
        try
        {
            _body(_state, left - 1);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
        }
        finally
        {
            _insideTask = false;
            Interlocked.Decrement(ref _unfinished);
        }

        return true;
    }

    private void Work()
    {
        int rounds = 0;
        while (!_stopped)
        {
            if (ClaimOne())
            {
                rounds = 0;
            }
            else if (++rounds < SpinRounds)
            {
                Thread.SpinWait(2);
            }
            else
            {
                rounds = 0;
                Sleep();
            }
        }
    }

    /// <summary>Counts itself asleep first and looks once more, so that a job started meanwhile is never slept through.</summary>
    private void Sleep()
    {
        Interlocked.Increment(ref _sleepers);
        if ((int)Volatile.Read(ref _ticket) == 0 && !_stopped)
        {
            _wake.Wait();
        }

        Interlocked.Decrement(ref _sleepers);
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
            int.TryParse(Environment.GetEnvironmentVariable("TEMPER_THREADS"), NumberStyles.None, null, out int wanted) && wanted is > 0 and <= 1024
                ? wanted
                : Environment.ProcessorCount;
    }
}
