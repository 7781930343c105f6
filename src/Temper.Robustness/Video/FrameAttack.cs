using Temper.Robustness.Attacks;

namespace Temper.Robustness.Video;

/// <summary>Which frames of a clip a sparse attack changes, and how.</summary>
public enum FrameRule
{
    /// <summary>
    /// Salience once, the full perturbation of all frames once; perturbed frames are copied in, the most salient first, until the class
    /// changes. The rule of the public reference implementation.
    /// </summary>
    Transplant,

    /// <summary>After each frame, salience and perturbation are computed again at the current point; the next unused frame is added.</summary>
    Refresh,

    /// <summary>
    /// Frames are added as with <see cref="Refresh"/>, but all chosen frames are optimized together, with a step that is halved where the loss
    /// stops growing; then frames are taken back, the one first that costs least, and the others optimized again. The same once more from all
    /// frames down. Where nothing is found, the likeliest classes are aimed at one by one.
    /// </summary>
    Sparse,
}

/// <summary>In which order frames are tried.</summary>
public enum FrameOrder
{
    /// <summary>By the mean magnitude of the loss's gradient, the largest first.</summary>
    Salience,

    /// <summary>By the mean change from the frame before, the largest first.</summary>
    Energy,

    /// <summary>At random.</summary>
    Random,
}

/// <summary>
/// Attack on few frames of a clip <c>[T, C, H, W]</c>, each within <see cref="Epsilon"/> in the largest norm (after arXiv:1811.11875). Looks
/// for the fewest changed elements, and so frames. Clips do not depend on each other.
/// </summary>
public sealed record FrameAttack : MinimalAttack
{
    /// <summary>Measured by the number of changed elements.</summary>
    public FrameAttack() => Norm = Norm.L0;

    /// <inheritdoc/>
    public override string Name => $"{Order.ToString().ToLowerInvariant()}-{Rule.ToString().ToLowerInvariant()}";

    /// <summary>Largest change of an element, in units of the inputs.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Which frames, and how.</summary>
    public FrameRule Rule { get; init; } = FrameRule.Sparse;

    /// <summary>In which order.</summary>
    public FrameOrder Order { get; init; } = FrameOrder.Salience;

    /// <summary>Gradient steps for a set of frames; 1: the fast gradient sign method.</summary>
    public int Steps { get; init; } = 10;

    /// <summary>
    /// Size of a step, the first one of <see cref="FrameRule.Sparse"/>; null: epsilon / 4 for that rule, for others 1.25 epsilon / steps, as basic
    /// iterative attacks of clips have it.
    /// </summary>
    public double? StepSize { get; init; }

    /// <summary>Classes that <see cref="FrameRule.Sparse"/> aims at, one after the other, where all frames together are not enough.</summary>
    public int TargetClasses { get; init; } = 3;

    /// <summary>Most frames; null: all.</summary>
    public int? MostFrames { get; init; }

    /// <inheritdoc/>
    public override bool IsDeterministic => Order != FrameOrder.Random;

    internal override IReadOnlyList<Norm> Norms => [Norm.L0];

    internal override void CheckOptions()
    {
        Require(Epsilon >= 0 && double.IsFinite(Epsilon), "epsilon", Epsilon, "zero or more");
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(StepSize is null or > 0, "step size", StepSize ?? 0, "above zero");
        Require(TargetClasses >= 0, "target classes", TargetClasses, "zero or more");
        Require(MostFrames is null or >= 1, "most frames", MostFrames ?? 0, "1 or more");
    }

    internal override IEnumerable<Ask> Find(Search s)
    {
        if (s.Shape.Rank != 4)
        {
            throw new NotSupportedException($"{Name}: needs clips [T, C, H, W] (got {s.Shape})");
        }

        s.Loss = s.LossOf(LossKind.Margin);
        var frames = new FrameSet(s, this);
        return Rule switch
        {
            FrameRule.Transplant => Transplant(s, frames),
            FrameRule.Refresh => Refresh(s, frames),
            _ => Sparse(s, frames),
        };
    }

    private IEnumerable<Ask> Transplant(Search s, FrameSet frames)
    {
        yield return Ask.Gradient;
        int[] order = frames.Order();
        for (int step = 0; step < Steps; step++)
        {
            frames.Step(order, StepSize ?? (Steps == 1 ? Epsilon : 1.25 * Epsilon / Steps));
            if (step + 1 < Steps)
            {
                yield return Ask.Gradient;
            }
        }

        float[] full = (float[])s.X.Clone();
        s.Clean.CopyTo(s.X, 0);
        foreach (int frame in order.Take(frames.Most))
        {
            frames.Copy(full, frame);
            yield return Ask.Scores;
            if (s.IsAdversarial)
            {
                yield break;
            }
        }
    }

    private static IEnumerable<Ask> Refresh(Search s, FrameSet frames)
    {
        List<int> used = [];
        yield return Ask.Gradient;
        while (used.Count < frames.Most && !s.IsAdversarial)
        {
            int next = frames.Order().First(frame => !used.Contains(frame));
            used.Add(next);
            frames.FullStep(next);
            yield return Ask.Gradient;
        }
    }

    /// <summary>
    /// From no frame up, then from all frames down, then, where there is nothing yet, towards each of the likeliest classes: the margin follows whichever
    /// class is next at the start, which a saturated softmax may choose badly. Each search is for fewer frames than the best before.
    /// </summary>
    private IEnumerable<Ask> Sparse(Search s, FrameSet frames)
    {
        yield return Ask.Gradient;
        int most = frames.Most;
        int[] classes = s.Target >= 0 || TargetClasses == 0 ? [] : TargetOrder.Of(s, TargetClasses);
        (AttackLoss Loss, bool IsDown)[] searches =
            [(s.Loss, false), (s.Loss, true), .. classes.Select(k => (new AttackLoss(LossKind.Difference, s.Label, k), false))];
        for (int i = 0; i < searches.Length && (i < 2 || !s.HasBest); i++)
        {
            // From all frames down no order is left: other orders are there to be compared with.
            if (searches[i].IsDown && Order != FrameOrder.Salience)
            {
                continue;
            }

            List<int> used = [];
            if (i > 0)
            {
                s.Clean.CopyTo(s.X, 0);
                s.Loss = searches[i].Loss;
                yield return Ask.Gradient;
            }

            foreach (Ask ask in searches[i].IsDown ? All(s, frames, used) : Grow(s, frames, used, most))
            {
                yield return ask;
            }

            foreach (Ask ask in TakeBack(s, frames, used))
            {
                yield return ask;
            }

            most = s.HasBest ? Math.Min(most, used.Count - 1) : most;
            if (most == 0)
            {
                yield break;
            }
        }
    }

    /// <summary>All frames that may be used, at once.</summary>
    private IEnumerable<Ask> All(Search s, FrameSet frames, List<int> used)
    {
        used.AddRange(frames.Order().Take(frames.Most));
        return Climb(s, frames, used);
    }

    /// <summary>Adds frames, the most salient first, until the class changes.</summary>
    private IEnumerable<Ask> Grow(Search s, FrameSet frames, List<int> used, int most)
    {
        while (used.Count < most && !s.IsAdversarial)
        {
            // One by one at first; by half as many again once few are not enough, since all that are not needed are taken back.
            int more = Math.Min(Math.Max(1, used.Count / 2), most - used.Count);
            used.AddRange(frames.Order().Where(frame => !used.Contains(frame)).Take(more));
            foreach (Ask ask in Climb(s, frames, used))
            {
                yield return ask;
            }
        }
    }

    /// <summary>
    /// Ascent on a set of frames until the class changes. Steps that are small from the first get stuck, steps of the whole radius do not settle: they begin
    /// with a quarter of it; after two in a row without gain the search goes back to its best point and halves them.
    /// </summary>
    private IEnumerable<Ask> Climb(Search s, FrameSet frames, IReadOnlyList<int> set)
    {
        yield return Ask.Gradient;
        double size = StepSize ?? (Epsilon / 4), best = s.Value;
        float[] x = (float[])s.X.Clone(), gradient = (float[])s.Gradient.Clone();
        for (int step = 0, failed = 0; step < Steps && !s.IsAdversarial; step++)
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
            else if (failed == 2 || step + 1 == Steps)
            {
                (size, failed) = (size / 2, 0);
                x.CopyTo(s.X, 0);
                gradient.CopyTo(s.Gradient, 0);
            }
        }
    }

    /// <summary>
    /// Backward: the frame whose loss costs least is taken back, and the others are optimized again; where they do not succeed without it the next one is
    /// tried.
    /// </summary>
    private IEnumerable<Ask> TakeBack(Search s, FrameSet frames, List<int> used)
    {
        for (bool isTaken = s.IsAdversarial; isTaken && used.Count > 1;)
        {
            float[] before = (float[])s.X.Clone();
            var margins = new Dictionary<int, float>();
            foreach (int frame in used)
            {
                frames.Restore(frame);
                yield return Ask.Scores;
                margins[frame] = s.Margin;
                before.CopyTo(s.X, 0);
            }

            isTaken = false;
            foreach (int frame in used.OrderBy(frame => margins[frame]).ThenBy(frame => frame).ToArray())
            {
                frames.Restore(frame);
                foreach (Ask ask in Climb(s, frames, [.. used.Where(other => other != frame)]))
                {
                    yield return ask;
                }

                if (s.IsAdversarial)
                {
                    isTaken = used.Remove(frame);
                    break;
                }

                before.CopyTo(s.X, 0);
            }
        }
    }

    /// <summary>The frames of one search: their order, steps on some of them.</summary>
    private sealed class FrameSet
    {
        private readonly Search _s;
        private readonly FrameAttack _attack;
        private readonly int _count;
        private readonly int _size;
        private readonly double[]? _fixed;

        internal FrameSet(Search s, FrameAttack attack)
        {
            (_s, _attack, _count) = (s, attack, s.Shape[0]);
            _size = s.Clean.Length / _count;
            _fixed = attack.Order switch
            {
                FrameOrder.Random => [.. Enumerable.Range(0, _count).Select(_ => s.Random.NextDouble())],
                FrameOrder.Energy => [.. Enumerable.Range(0, _count).Select(Energy)],
                _ => null,
            };
        }

        internal int Most => Math.Min(_attack.MostFrames ?? _count, _count);

        /// <summary>All frames, the one to try first at the start; ties by their place.</summary>
        internal int[] Order()
        {
            double[] weight = _fixed ?? [.. Enumerable.Range(0, _count).Select(frame => Perturbations.Sum(_s.Gradient.AsSpan(frame * _size, _size)))];
            return [.. Enumerable.Range(0, _count).OrderByDescending(frame => weight[frame]).ThenBy(frame => frame)];
        }

        /// <summary>x = clip(x + a sign g) on some frames.</summary>
        internal void Step(IReadOnlyList<int> frames, double size)
        {
            foreach (int frame in frames)
            {
                Span<float> x = _s.X.AsSpan(frame * _size, _size);
                Perturbations.Ascend(Norm.Linf, x, _s.Gradient.AsSpan(frame * _size, _size), size);
                Perturbations.Project(Norm.Linf, x, _s.Clean.AsSpan(frame * _size, _size), _attack.Epsilon, _s.Bounds);
            }
        }

        /// <summary>The whole radius at once.</summary>
        internal void FullStep(int frame) => Step([frame], _attack.Epsilon);

        internal void Copy(float[] from, int frame) => from.AsSpan(frame * _size, _size).CopyTo(_s.X.AsSpan(frame * _size));

        internal void Restore(int frame) => Copy(_s.Clean, frame);

        private double Energy(int frame)
        {
            int other = frame == 0 ? Math.Min(1, _count - 1) : frame - 1;
            return Perturbations.Distance(Norm.L1, _s.Clean.AsSpan(frame * _size, _size), _s.Clean.AsSpan(other * _size, _size));
        }
    }
}
