namespace Temper.Kernels;

/// <content>How threads claim tasks, and what workers do between jobs.</content>
public sealed unsafe partial class WorkerPool
{
    private ref long Ticket(int thread) => ref _tickets[(thread + 1) * Distance];

    /// <summary>Returns the first task of a thread's range.</summary>
    private int FirstOf(int thread) => (int)((long)_tasks * thread / Threads);

    /// <summary>
    /// Claims and runs one task, from the thread's own range, else from that of the next thread with unclaimed tasks.
    /// Returns false if there is none.
    /// </summary>
    private bool ClaimOne(int thread)
    {
        for (int i = 0; i < Threads; i++)
        {
            int owner = thread + i < Threads ? thread + i : thread + i - Threads;
            ref long ticket = ref Ticket(owner);
            long seen = Volatile.Read(ref ticket);
            int left = (int)seen;
            if (left > 0)
            {
                if (Interlocked.CompareExchange(ref ticket, seen - 1, seen) == seen)
                {
                    Do(FirstOf(owner + 1) - left, thread);
                }

                return true;
            }
        }

        return false;
    }

    private void Do(int task, int thread)
    {
        // The job cannot end before this task is counted as finished, so body and state cannot change.
        _insideTask = true;
        try
        {
            if (_work is { } work)
            {
                work.Run(task, thread);
            }
            else
            {
                _body(_state, task);
            }
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
    }

    private void Work(int thread)
    {
        _current = this;
        int rounds = 0;
        while (!_stopped)
        {
            if (ClaimOne(thread))
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

    /// <summary>
    /// Counts the thread as asleep before looking for work once more, so that a job started in between wakes it.
    /// </summary>
    private void Sleep()
    {
        Interlocked.Increment(ref _sleepers);
        bool isIdle = !_stopped;
        for (int thread = 0; thread < Threads; thread++)
        {
            isIdle &= (int)Volatile.Read(ref Ticket(thread)) == 0;
        }

        if (isIdle)
        {
            _wake.Wait();
        }

        Interlocked.Decrement(ref _sleepers);
    }
}
