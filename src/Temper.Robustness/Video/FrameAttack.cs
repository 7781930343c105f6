using Temper.Robustness.Attacks;

namespace Temper.Robustness.Video;

/// <summary>Which frames of a clip a sparse attack changes, and how.</summary>
public enum FrameRule
{
    /// <summary>
    /// Salience once, the full perturbation of all frames once; perturbed frames are copied in, the most salient first,
    /// until the class changes. The rule of the public reference implementation.
    /// </summary>
    Transplant,

    /// <summary>
    /// After each frame, salience and perturbation are computed again at the current point; the next unused frame is
    /// added.
    /// </summary>
    Refresh,

    /// <summary>
    /// Frames are added as with <see cref="Refresh"/>, but all chosen frames are optimized together, with a step that
    /// is halved where the loss stops growing; then frames are taken back, the one first that costs least, and the
    /// others optimized again. The same once more from all frames down. Where nothing is found, the likeliest classes
    /// are aimed at one by one.
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
/// Attack on few frames of a clip <c>[T, C, H, W]</c>, each within <see cref="Epsilon"/> in the largest norm (after
/// arXiv:1811.11875). Looks for the fewest changed elements, and so frames. Clips do not depend on each other.
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
    /// Size of a step, the first one of <see cref="FrameRule.Sparse"/>; null: epsilon / 4 for that rule, for others
    /// 1.25 epsilon / steps, as basic iterative attacks of clips have it.
    /// </summary>
    public double? StepSize { get; init; }

    /// <summary>
    /// Classes that <see cref="FrameRule.Sparse"/> aims at, one after the other, where all frames together are not
    /// enough.
    /// </summary>
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
            _ => new SparseFrames(this, s, frames).Find(),
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
}
