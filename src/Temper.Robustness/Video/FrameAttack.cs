using Temper.Robustness.Attacks;

namespace Temper.Robustness.Video;

/// <summary>How a sparse attack chooses and perturbs frames of a clip.</summary>
public enum FrameRule
{
    /// <summary>
    /// Computes salience and the full perturbation of all frames once. Then copies perturbed frames into the clip, most
    /// salient first, until the class changes. The rule of the public reference implementation.
    /// </summary>
    Transplant,

    /// <summary>
    /// Adds one frame at a time, perturbed by the full radius. Salience and gradient are recomputed at the current
    /// point after each frame.
    /// </summary>
    Refresh,

    /// <summary>
    /// Adds frames as <see cref="Refresh"/> does, but optimizes all chosen frames together; the step is halved when the
    /// loss stops growing. Then removes frames, the least important first, and optimizes the others again. A second
    /// search starts from all frames and only removes. If both find nothing, the attack targets the most likely wrong
    /// classes in turn.
    /// </summary>
    Sparse,
}

/// <summary>The order in which frames are tried.</summary>
public enum FrameOrder
{
    /// <summary>By the mean absolute gradient of the loss, largest first.</summary>
    Salience,

    /// <summary>By the mean absolute change from the previous frame, largest first.</summary>
    Energy,

    /// <summary>In random order.</summary>
    Random,
}

/// <summary>
/// Attack on few frames of a clip <c>[T, C, H, W]</c> (after arXiv:1811.11875). Each element changes by at most
/// <see cref="Epsilon"/>. Minimizes the number of changed elements and thereby of changed frames. Clips are attacked
/// independently.
/// </summary>
public sealed record FrameAttack : MinimalAttack
{
    /// <summary>Creates the attack with <see cref="Norm.L0"/>, the number of changed elements.</summary>
    public FrameAttack() => Norm = Norm.L0;

    /// <inheritdoc/>
    public override string Name => $"{Order.ToString().ToLowerInvariant()}-{Rule.ToString().ToLowerInvariant()}";

    /// <summary>Maximum change of an element, in units of the inputs.</summary>
    public required double Epsilon { get; init; }

    /// <summary>How frames are chosen and perturbed.</summary>
    public FrameRule Rule { get; init; } = FrameRule.Sparse;

    /// <summary>Order in which frames are tried.</summary>
    public FrameOrder Order { get; init; } = FrameOrder.Salience;

    /// <summary>
    /// Gradient steps per set of frames; 1: the fast gradient sign method. Not used by <see cref="FrameRule.Refresh"/>.
    /// </summary>
    public int Steps { get; init; } = 10;

    /// <summary>
    /// Step size in units of the inputs, for <see cref="FrameRule.Sparse"/> the initial one. Null: epsilon / 4 for
    /// <see cref="FrameRule.Sparse"/>; for <see cref="FrameRule.Transplant"/> epsilon with one step, else 1.25 epsilon
    /// / steps, as is usual for iterative attacks on clips.
    /// </summary>
    public double? StepSize { get; init; }

    /// <summary>
    /// Number of target classes that <see cref="FrameRule.Sparse"/> tries in turn if changing all frames together does
    /// not succeed.
    /// </summary>
    public int TargetClasses { get; init; } = 3;

    /// <summary>Maximum number of changed frames; null: not limited.</summary>
    public int? MaxFrames { get; init; }

    /// <inheritdoc/>
    public override bool IsDeterministic => Order != FrameOrder.Random;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.L0];

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Epsilon >= 0 && double.IsFinite(Epsilon), "epsilon", Epsilon, "zero or more");
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(StepSize is null or > 0, "step size", StepSize ?? 0, "above zero");
        Require(TargetClasses >= 0, "target classes", TargetClasses, "zero or more");
        Require(MaxFrames is null or >= 1, "most frames", MaxFrames ?? 0, "1 or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        if (s.Shape.Rank != 4)
        {
            throw new NotSupportedException($"{Name}: wrong input shape (got {s.Shape}, expected [T, C, H, W])");
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
