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
    /// Frames are added as with <see cref="Refresh"/>, but all chosen frames are optimized together; then each is taken back that is not
    /// needed.
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

    /// <summary>Size of a step; null: 1.25 epsilon / steps, as basic iterative attacks of clips have it.</summary>
    public double? StepSize { get; init; }

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
            frames.Step(order);
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

    private IEnumerable<Ask> Sparse(Search s, FrameSet frames)
    {
        List<int> used = [];
        yield return Ask.Gradient;
        while (used.Count < frames.Most && !s.IsAdversarial)
        {
            used.Add(frames.Order().First(frame => !used.Contains(frame)));
            for (int step = 0; step < Steps && !s.IsAdversarial; step++)
            {
                frames.Step(used);
                yield return Ask.Gradient;
            }
        }

        if (!s.IsAdversarial)
        {
            yield break;
        }

        // Backward: what was added early may not be needed any more.
        foreach (int frame in used.ToArray())
        {
            if (used.Count == 1)
            {
                yield break;
            }

            float[] before = (float[])s.X.Clone();
            frames.Restore(frame);
            int[] rest = [.. used.Where(other => other != frame)];
            yield return Ask.Gradient;
            for (int step = 0; step < Steps && !s.IsAdversarial; step++)
            {
                frames.Step(rest);
                yield return Ask.Gradient;
            }

            if (s.IsAdversarial)
            {
                used.Remove(frame);
            }
            else
            {
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
        internal void Step(IReadOnlyList<int> frames)
        {
            float step = (float)(_attack.StepSize ?? (_attack.Steps == 1 ? _attack.Epsilon : 1.25 * _attack.Epsilon / _attack.Steps));
            foreach (int frame in frames)
            {
                Move(frame, step);
            }
        }

        /// <summary>The whole radius at once.</summary>
        internal void FullStep(int frame) => Move(frame, (float)_attack.Epsilon);

        internal void Copy(float[] from, int frame) => from.AsSpan(frame * _size, _size).CopyTo(_s.X.AsSpan(frame * _size));

        internal void Restore(int frame) => Copy(_s.Clean, frame);

        private void Move(int frame, float step)
        {
            Span<float> x = _s.X.AsSpan(frame * _size, _size);
            ReadOnlySpan<float> g = _s.Gradient.AsSpan(frame * _size, _size);
            for (int i = 0; i < x.Length; i++)
            {
                x[i] += step * (g[i] > 0 ? 1 : g[i] < 0 ? -1 : 0);
            }

            Perturbations.Project(Norm.Linf, x, _s.Clean.AsSpan(frame * _size, _size), _attack.Epsilon, _s.Bounds);
        }

        private double Energy(int frame)
        {
            int other = frame == 0 ? Math.Min(1, _count - 1) : frame - 1;
            return Perturbations.Distance(Norm.L1, _s.Clean.AsSpan(frame * _size, _size), _s.Clean.AsSpan(other * _size, _size));
        }
    }
}
