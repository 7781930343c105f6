using Temper.Robustness.Attacks;

namespace Temper.Robustness.Video;

/// <summary>The search of <see cref="FrameRule.Sparse"/> for one clip.</summary>
internal sealed class SparseFrames(FrameAttack attack, Search s, FrameSet frames)
{
    /// <summary>
    /// With more frames than this, removal first tries half of them together, since removing single frames costs
    /// quadratic time.
    /// </summary>
    private const int Many = 11;

    private readonly List<int> _used = [];

    /// <summary>
    /// Searches by adding frames to an empty set, then by removing frames from the full set. If both fail, searches
    /// towards each of the most likely wrong classes: the margin follows the runner-up at the clean sample, which a
    /// saturated softmax may choose badly. Each search allows fewer frames than the best result so far.
    /// </summary>
    internal IEnumerable<Ask> Find()
    {
        yield return Ask.Gradient;
        int most = frames.Most;
        (AttackLoss Loss, bool IsDown)[] searches = [(s.Loss, false), (s.Loss, true), .. Aims()];
        for (int i = 0; i < searches.Length && (i < 2 || !s.HasBest) && most > 0; i++)
        {
            // The search from the full set has no order of frames. The other orders exist for comparison and skip it.
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
        int[] classes = s.Target >= 0 || attack.TargetClasses == 0 ? [] : s.ClassesToAimAt(attack.TargetClasses);
        return classes.Select(k => (new AttackLoss(LossKind.Difference, s.Label, k), false));
    }

    /// <summary>Perturbs all allowed frames together.</summary>
    private IEnumerable<Ask> All()
    {
        _used.AddRange(frames.Order().Take(frames.Most));
        return Climb(_used);
    }

    /// <summary>Adds frames, most salient first, until the class changes.</summary>
    private IEnumerable<Ask> Grow(int most)
    {
        while (_used.Count < most && !s.IsAdversarial)
        {
            // Adds single frames at first, later half as many as are in use. Superfluous frames are removed afterwards.
            int more = Math.Min(Math.Max(1, _used.Count / 2), most - _used.Count);
            _used.AddRange(frames.Order().Where(frame => !_used.Contains(frame)).Take(more));
            foreach (Ask ask in Climb(_used))
            {
                yield return ask;
            }
        }
    }

    /// <summary>
    /// Ascends on a set of frames until the class changes. Small initial steps get stuck and steps of the full radius
    /// do not converge, so steps start at a quarter of the radius. After two steps without gain the search returns to
    /// its best point and halves the step.
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
    /// Removes one frame at a time, starting with the frame whose removal hurts the loss least, and optimizes the
    /// others again. If they do not succeed without it, the next frame is tried. Stops when no frame can be removed.
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

    /// <summary>
    /// Returns the sets of frames to try to remove: with many frames first the less important half, then single frames.
    /// </summary>
    private static IEnumerable<int[]> Parts(int[] order)
    {
        IEnumerable<int[]> single = order.Select(frame => (int[])[frame]);
        return order.Length > Many ? single.Prepend(order[..(order.Length / 2)]) : single;
    }
}
