using Temper.Robustness.Attacks;

namespace Temper.Robustness.Video;

/// <summary>The search of <see cref="FrameRule.Sparse"/> for one clip.</summary>
internal sealed class SparseFrames(FrameAttack attack, Search s, FrameSet frames)
{
    /// <summary>
    /// Of more frames than these half are taken back at once: one at a time would cost the square of their number.
    /// </summary>
    private const int Many = 11;

    private readonly List<int> _used = [];

    /// <summary>
    /// From no frame up, then from all frames down, then, where there is nothing yet, towards each of the likeliest
    /// classes: the margin follows whichever class is next at the start, which a saturated softmax may choose badly.
    /// Each search is for fewer frames than the best before.
    /// </summary>
    internal IEnumerable<Ask> Find()
    {
        yield return Ask.Gradient;
        int most = frames.Most;
        (AttackLoss Loss, bool IsDown)[] searches = [(s.Loss, false), (s.Loss, true), .. Aims()];
        for (int i = 0; i < searches.Length && (i < 2 || !s.HasBest) && most > 0; i++)
        {
            // From all frames down no order is left: other orders are there to be compared with.
            if (searches[i].IsDown && attack.Order != FrameOrder.Salience)
            {
                continue;
            }

            if (i > 0)
            {
                s.Clean.CopyTo(s.X, 0);
                s.Loss = searches[i].Loss;
                yield return Ask.Gradient;
            }

            _used.Clear();
            foreach (Ask ask in (searches[i].IsDown ? All() : Grow(most)).Concat(TakeBack()))
            {
                yield return ask;
            }

            most = s.HasBest ? Math.Min(most, _used.Count - 1) : most;
        }
    }

    private IEnumerable<(AttackLoss Loss, bool IsDown)> Aims()
    {
        int[] classes = s.Target >= 0 || attack.TargetClasses == 0 ? [] : TargetOrder.Of(s, attack.TargetClasses);
        return classes.Select(k => (new AttackLoss(LossKind.Difference, s.Label, k), false));
    }

    /// <summary>All frames that may be used, at once.</summary>
    private IEnumerable<Ask> All()
    {
        _used.AddRange(frames.Order().Take(frames.Most));
        return Climb(_used);
    }

    /// <summary>Adds frames, the most salient first, until the class changes.</summary>
    private IEnumerable<Ask> Grow(int most)
    {
        while (_used.Count < most && !s.IsAdversarial)
        {
            // One by one at first; by half as many again once few are not enough: what is not needed is taken back.
            int more = Math.Min(Math.Max(1, _used.Count / 2), most - _used.Count);
            _used.AddRange(frames.Order().Where(frame => !_used.Contains(frame)).Take(more));
            foreach (Ask ask in Climb(_used))
            {
                yield return ask;
            }
        }
    }

    /// <summary>
    /// Ascent on a set of frames until the class changes. Steps that are small from the first get stuck, steps of the
    /// whole radius do not settle: they begin with a quarter of it; after two in a row without gain the search goes
    /// back to its best point and halves them.
    /// </summary>
    private IEnumerable<Ask> Climb(IReadOnlyList<int> set)
    {
        yield return Ask.Gradient;
        double size = attack.StepSize ?? (attack.Epsilon / 4), best = s.Value;
        float[] x = (float[])s.X.Clone(), gradient = (float[])s.Gradient.Clone();
        for (int step = 0, failed = 0; step < attack.Steps && !s.IsAdversarial; step++)
        {
            frames.Step(set, size);
            yield return Ask.Gradient;
            bool grew = s.Value > best || s.IsAdversarial;
            failed = grew ? 0 : failed + 1;
            if (grew)
            {
                best = s.Value;
                s.X.CopyTo(x, 0);
                s.Gradient.CopyTo(gradient, 0);
            }
            else if (failed == 2 || step + 1 == attack.Steps)
            {
                (size, failed) = (size / 2, 0);
                x.CopyTo(s.X, 0);
                gradient.CopyTo(s.Gradient, 0);
            }
        }
    }

    /// <summary>
    /// One frame is taken back, the one first whose loss costs least, and the others are optimized again; where they do
    /// not succeed without it the next one is tried. The same with those that are left, while one of them can be taken
    /// back.
    /// </summary>
    private IEnumerable<Ask> TakeBack()
    {
        for (bool isTaken = s.IsAdversarial; isTaken && _used.Count > 1;)
        {
            float[] before = (float[])s.X.Clone();
            List<(int Frame, float Margin)> costs = [];
            foreach (int frame in _used)
            {
                frames.Restore(frame);
                yield return Ask.Scores;
                costs.Add((frame, s.Margin));
                before.CopyTo(s.X, 0);
            }

            isTaken = false;
            int[] order = [.. costs.OrderBy(cost => cost.Margin).ThenBy(cost => cost.Frame).Select(cost => cost.Frame)];
            foreach (int[] some in Parts(order))
            {
                Array.ForEach(some, frames.Restore);
                foreach (Ask ask in Climb([.. _used.Except(some)]))
                {
                    yield return ask;
                }

                if (s.IsAdversarial)
                {
                    isTaken = _used.RemoveAll(some.Contains) > 0;
                    break;
                }

                before.CopyTo(s.X, 0);
            }
        }
    }

    /// <summary>What is taken back together: of many frames first the half that costs least, then one each.</summary>
    private static IEnumerable<int[]> Parts(int[] order)
    {
        IEnumerable<int[]> single = order.Select(frame => (int[])[frame]);
        return order.Length > Many ? single.Prepend(order[..(order.Length / 2)]) : single;
    }
}
