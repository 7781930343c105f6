using Temper.Robustness.Attacks;

namespace Temper.Robustness.Video;

/// <summary>The search of <see cref="FrameRule.Sparse"/> for one clip.</summary>
internal sealed class SparseFrames(FrameAttack attack, Search s, FrameSet frames)
{
    /// <summary>Frames of a set that are exchanged, of these two at a time.</summary>
    private const int Exchanged = 3;

    /// <summary>Frames that are tried in the place of two.</summary>
    private const int Candidates = 2;

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
            foreach (Ask ask in (searches[i].IsDown ? All() : Grow(most)).Concat(Lessen(most)))
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

    /// <summary>Takes frames back and exchanges two for one, in turns, while one of them succeeds.</summary>
    private IEnumerable<Ask> Lessen(int most)
    {
        for (bool isLess = s.IsAdversarial; isLess && _used.Count > 1;)
        {
            int count = _used.Count;
            float[] before = (float[])s.X.Clone();
            List<(int Frame, float Margin)> costs = [];
            foreach (int frame in _used)
            {
                frames.Restore(frame);
                yield return Ask.Scores;
                costs.Add((frame, s.Margin));
                before.CopyTo(s.X, 0);
            }

            int[] order = [.. costs.OrderBy(cost => cost.Margin).ThenBy(cost => cost.Frame).Select(cost => cost.Frame)];
            foreach (Ask ask in TakeBack(order, before).Concat(count <= most ? Exchange(order, before) : []))
            {
                yield return ask;
            }

            isLess = _used.Count < count;
        }
    }

    /// <summary>
    /// One frame is taken back, the one first whose loss costs least, and the others are optimized again; where they do
    /// not succeed without it the next one is tried.
    /// </summary>
    private IEnumerable<Ask> TakeBack(int[] order, float[] before)
    {
        foreach (int frame in order)
        {
            int[] rest = [.. _used.Where(other => other != frame)];
            frames.Restore(frame);
            foreach (Ask ask in Climb(rest))
            {
                yield return ask;
            }

            if (Take(rest, before))
            {
                yield break;
            }
        }
    }

    /// <summary>Where none can be taken back: two are, and one that was not used yet takes their place.</summary>
    private IEnumerable<Ask> Exchange(int[] order, float[] before)
    {
        int first = Math.Min(Exchanged, order.Length);
        IEnumerable<(int A, int B)> pairs =
            from b in Enumerable.Range(1, first - 1) from a in Enumerable.Range(0, b) select (order[a], order[b]);
        foreach ((int a, int b) in _used.Count == order.Length ? pairs : [])
        {
            frames.Restore(a);
            frames.Restore(b);
            yield return Ask.Gradient;
            float[] start = (float[])s.X.Clone();
            foreach (int candidate in frames.Order().Where(frame => !order.Contains(frame)).Take(Candidates))
            {
                start.CopyTo(s.X, 0);
                int[] rest = [.. order.Where(frame => frame != a && frame != b), candidate];
                foreach (Ask ask in Climb(rest))
                {
                    yield return ask;
                }

                if (Take(rest, before))
                {
                    yield break;
                }
            }
        }
    }

    /// <summary>Keeps a set that succeeds; else goes back to the point before.</summary>
    private bool Take(int[] set, float[] before)
    {
        if (s.IsAdversarial)
        {
            _used.Clear();
            _used.AddRange(set);
            return true;
        }

        before.CopyTo(s.X, 0);
        return false;
    }
}
