using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Robustness.Criteria;

/// <summary>
/// What counts as adversarial, for each sample of a batch. Criteria compose: <c>Criterion.Misclassified(labels) &amp;
/// Criterion.Confidence(2)</c>.
/// </summary>
/// <remarks>
/// A criterion is met strictly: a tie between two logits is no success, since it would depend on rounding.
/// </remarks>
public abstract record Criterion
{
    private protected Criterion()
    {
    }

    /// <summary>Number of samples that it knows; null: it is the same for any sample.</summary>
    public virtual int? Count => null;

    /// <summary>How much larger the winning logit must be than the next one; 0 by default.</summary>
    public virtual float Gap => 0;

    /// <summary>Any class but the right one wins (untargeted).</summary>
    /// <param name="labels">The right class of each sample.</param>
    public static Criterion Misclassified(ReadOnlySpan<long> labels) => new MisclassifiedCriterion(labels.ToArray());

    /// <summary>The target class wins.</summary>
    /// <param name="labels">The right class of each sample.</param>
    /// <param name="targets">The target class of each sample.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a target is the right class.</exception>
    public static Criterion Targeted(ReadOnlySpan<long> labels, ReadOnlySpan<long> targets)
    {
        if (labels.Length != targets.Length)
        {
            throw new ArgumentException($"Criterion.Targeted: lengths differ (got {labels.Length} labels and "
                + $"{targets.Length} targets); give one target per sample");
        }

        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] == targets[i])
            {
                throw new ArgumentException($"Criterion.Targeted: sample {i} has its right class as target (got "
                    + $"{targets[i]}); choose another class");
            }
        }

        return new TargetedCriterion(labels.ToArray(), targets.ToArray());
    }

    /// <summary>
    /// The winning logit is larger than the next one by more than a gap (the confidence of Carlini and Wagner).
    /// </summary>
    /// <param name="gap">Difference of logits, zero or more.</param>
    public static Criterion Confidence(float gap) => gap >= 0 && float.IsFinite(gap)
        ? new ConfidenceCriterion(gap)
        : throw new ArgumentOutOfRangeException(
            nameof(gap), $"Criterion.Confidence: the gap must be zero or more (got {gap})");

    /// <summary>Both are met.</summary>
    public static Criterion operator &(Criterion a, Criterion b) => BitwiseAnd(a, b);

    /// <summary>Both are met.</summary>
    /// <exception cref="ArgumentException">They know different numbers of samples.</exception>
    public static Criterion BitwiseAnd(Criterion a, Criterion b) => a.Count is { } m && b.Count is { } n && m != n
        ? throw new ArgumentException($"Criterion: both must be about the same samples (got {m} and {n})")
        : new BothCriterion(a, b);

    /// <summary>How far a sample is from meeting the criterion; below zero: it does.</summary>
    /// <param name="sample">Index of the sample.</param>
    /// <param name="logits"><c>[K]</c>.</param>
    public abstract float Margin(int sample, ReadOnlySpan<float> logits);

    /// <summary>The right class of a sample; -1 where the criterion does not say.</summary>
    /// <param name="sample">Index of the sample.</param>
    public virtual int Label(int sample) => -1;

    /// <summary>The target class of a sample; -1 where any wrong class will do.</summary>
    /// <param name="sample">Index of the sample.</param>
    public virtual int Target(int sample) => -1;

    /// <summary>The criterion for some of the samples, in their order.</summary>
    /// <param name="indices">Indices of samples.</param>
    public abstract Criterion Select(IReadOnlyList<int> indices);

    /// <summary>The largest logit but that of one class.</summary>
    internal static float LargestOther(ReadOnlySpan<float> logits, int index) => Math.Max(
        index > 0 ? TensorPrimitives.Max(logits[..index]) : float.NegativeInfinity,
        index < logits.Length - 1 ? TensorPrimitives.Max(logits[(index + 1)..]) : float.NegativeInfinity);

    private sealed record MisclassifiedCriterion(long[] Labels) : Criterion
    {
        public override int? Count => Labels.Length;

        public override int Label(int sample) => (int)Labels[sample];

        public override float Margin(int sample, ReadOnlySpan<float> logits) =>
            logits[Label(sample)] - LargestOther(logits, Label(sample));

        public override Criterion Select(IReadOnlyList<int> indices) =>
            new MisclassifiedCriterion([.. indices.Select(i => Labels[i])]);
    }

    private sealed record TargetedCriterion(long[] Labels, long[] Targets) : Criterion
    {
        public override int? Count => Labels.Length;

        public override int Label(int sample) => (int)Labels[sample];

        public override int Target(int sample) => (int)Targets[sample];

        public override float Margin(int sample, ReadOnlySpan<float> logits) =>
            LargestOther(logits, Target(sample)) - logits[Target(sample)];

        public override Criterion Select(IReadOnlyList<int> indices) =>
            new TargetedCriterion([.. indices.Select(i => Labels[i])], [.. indices.Select(i => Targets[i])]);
    }

    private sealed record ConfidenceCriterion(float Wanted) : Criterion
    {
        public override float Gap => Wanted;

        public override float Margin(int sample, ReadOnlySpan<float> logits)
        {
            int winner = TensorPrimitives.IndexOfMax(logits);
            return Wanted - (logits[winner] - LargestOther(logits, winner));
        }

        public override Criterion Select(IReadOnlyList<int> indices) => this;
    }

    private sealed record BothCriterion(Criterion A, Criterion B) : Criterion
    {
        public override int? Count => A.Count ?? B.Count;

        public override float Gap => Math.Max(A.Gap, B.Gap);

        public override int Label(int sample) => Math.Max(A.Label(sample), B.Label(sample));

        public override int Target(int sample) => Math.Max(A.Target(sample), B.Target(sample));

        public override float Margin(int sample, ReadOnlySpan<float> logits) =>
            Math.Max(A.Margin(sample, logits), B.Margin(sample, logits));

        public override Criterion Select(IReadOnlyList<int> indices) =>
            new BothCriterion(A.Select(indices), B.Select(indices));
    }
}
