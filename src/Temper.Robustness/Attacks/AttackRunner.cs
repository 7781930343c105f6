using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;
using Temper.Randomness;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>
/// Runs the searches of many samples concurrently. Each round combines the queries of all unfinished searches into one
/// batch. A finished search is replaced by that of the next sample, so batches stay full.
/// </summary>
internal sealed class AttackRunner(
    Attack attack, AttackTarget target, Tensor inputs, Criterion criterion, RandomStream random, AttackRun run)
{
    private readonly int _size = target.SampleShape.Count;
    private readonly int _count = inputs.Shape[0];
    private readonly float[] _adversarials = inputs.ToArray<float>();
    private readonly SampleResult[] _results = new SampleResult[inputs.Shape[0]];
    private int _finished;

    internal AttackResult Run(CancellationToken cancel)
    {
        int window = Math.Clamp(run.BatchSize, 1, Math.Max(_count, 1)), next = 0;
        var batch = new QueryBatch(target, window);
        var active = new List<Running>(window);
        while (next < _count || active.Count > 0)
        {
            cancel.ThrowIfCancellationRequested();
            while (active.Count < window && next < _count)
            {
                active.Add(Start(next++));
            }

            WorkerPool.Current.Run(new Advance(active), active.Count);
            active.RemoveAll(Finish);
            batch.Answer(active);
        }

        return new AttackResult(Tensor.From(_adversarials, inputs.Shape), _results);
    }

    private Running Start(int index)
    {
        float[] clean = inputs.AsSpan<float>().Slice(index * _size, _size).ToArray();

        // Hashed by content, not by index, so that a sample gets the same random numbers in any order.
        ulong name = ContentHash.Of(clean, criterion.Label(index));
        var limits = new SearchLimits(attack.Norm, attack.Radius, double.IsFinite(attack.Radius)
            && !run.GoesOn, run.Gradients ?? int.MaxValue, run.Forwards ?? int.MaxValue, run.Transfers);
        var search = new Search(target, criterion, index, clean, limits, random.Split((long)name));
        return new Running(index, search, Whole(search).GetEnumerator());
    }

    /// <summary>
    /// Evaluates the clean sample, then runs the attack; a sample that is already misclassified is not attacked, unless
    /// the results are tried on another model.
    /// </summary>
    private IEnumerable<Ask> Whole(Search s)
    {
        yield return Ask.Scores;
        s.Logits.CopyTo(s.CleanLogits, 0);
        if ((s.IsAdversarial && !run.Transfers) || s.IsNotFinite)
        {
            yield break;
        }

        foreach (Ask ask in attack.Find(s))
        {
            yield return ask;
            if (s.IsDone || s.IsNotFinite)
            {
                yield break;
            }
        }
    }

    private bool Finish(Running running)
    {
        if (!running.IsFinished)
        {
            return false;
        }

        Search s = running.Search;
        running.Queries.Dispose();
        float[] found = s.Found;
        int passes = target.PassesPerQuery;
        found.CopyTo(_adversarials, running.Index * _size);
        _results[running.Index] = new SampleResult(
            OutcomeOf(running),
            Perturbations.Distance(Norm.L0, found, s.Clean),
            Perturbations.Distance(Norm.L1, found, s.Clean),
            Perturbations.Distance(Norm.L2, found, s.Clean),
            Perturbations.Distance(Norm.Linf, found, s.Clean),
            s.BestMargin,
            s.Forwards * passes,
            s.Backwards * passes,
            s.FirstBackwards < 0 ? s.FirstBackwards : s.FirstBackwards * passes,
            s.IsNotFinite && s.Forwards == 1
                ? -1
                : TensorPrimitives.IndexOfMax(s.HasBest ? s.BestLogits : s.CleanLogits));
        run.Progress?.Report(++_finished);
        return true;
    }

    private static AttackOutcome OutcomeOf(Running running)
    {
        Search s = running.Search;
        bool isWrong = s.HasBest && s.BestDistance == 0 && s.Forwards == 1;
        return isWrong ? AttackOutcome.WrongFromStart
            : s.HasBest ? AttackOutcome.Fooled
            : s.IsNotFinite ? AttackOutcome.NotFinite
            : running.IsOutOfBudget ? AttackOutcome.BudgetUsed
            : s.Backwards > 0 && !s.HadGradient ? AttackOutcome.ZeroGradient
            : AttackOutcome.NotConverged;
    }

    /// <summary>A search and its state.</summary>
    internal sealed record Running(int Index, Search Search, IEnumerator<Ask> Queries)
    {
        internal bool IsFinished { get; private set; }

        internal bool IsOutOfBudget { get; private set; }

        internal Ask Ask => Queries.Current;

        /// <summary>Advances the search to its next query.</summary>
        internal void Advance()
        {
            IsFinished = !Queries.MoveNext();
            if (!IsFinished && Search.IsBeyondBudget(Ask))
            {
                (IsFinished, IsOutOfBudget) = (true, true);
            }
        }
    }

    /// <summary>Advances every search by one step. Searches are independent, so their order does not matter.</summary>
    private sealed class Advance(List<Running> active) : IPoolWork
    {
        public void Run(int task, int thread) => active[task].Advance();
    }
}
