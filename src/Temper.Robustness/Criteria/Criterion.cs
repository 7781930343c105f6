using System.Globalization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Robustness.Criteria;

/// <summary>
/// Defines what counts as adversarial, for each sample of a batch. Criteria can be combined:
/// <c>Criterion.Misclassified(labels) &amp; Criterion.Confidence(2)</c>.
/// </summary>
/// <remarks>A tie between two logits does not meet a criterion, since its outcome would depend on rounding.</remarks>
public abstract record Criterion
{
    private protected Criterion()
    {
    }

    /// <summary>Number of samples covered; null: any number, with the same criterion for each.</summary>
    public virtual int? Count => null;

    /// <summary>Required gap between the largest logit and the next one; 0 by default.</summary>
    public virtual float Gap => 0;

    /// <summary>Met if any class but the true one is predicted (untargeted).</summary>
    /// <param name="labels">True class of each sample.</param>
    /// <exception cref="ArgumentException">A label is not a class index.</exception>
    public static Criterion Misclassified(ReadOnlySpan<long> labels) =>
        new MisclassifiedCriterion(Checked(labels, "Criterion.Misclassified: label"));

    /// <summary>Met if the target class is predicted.</summary>
    /// <param name="labels">True class of each sample.</param>
    /// <param name="targets">Target class of each sample.</param>
    /// <exception cref="ArgumentException">
    /// The lengths differ, a target equals the true class, or a label or target is not a class index.
    /// </exception>
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
                throw new ArgumentException($"Criterion.Targeted: sample {i} has its true class as target (got "
                    + $"{targets[i]}); choose another class");
            }
        }

        return new TargetedCriterion(
            Checked(labels, "Criterion.Targeted: label"), Checked(targets, "Criterion.Targeted: target"));
    }

    /// <summary>
    /// Met if the largest logit exceeds the next one by more than a gap (the confidence of Carlini and Wagner).
    /// </summary>
    /// <param name="gap">Required gap in logits, zero or more.</param>
    public static Criterion Confidence(float gap) => gap >= 0 && float.IsFinite(gap)
        ? new ConfidenceCriterion(gap)
        : throw new ArgumentOutOfRangeException(nameof(gap), string.Create(
            CultureInfo.InvariantCulture, $"Criterion.Confidence: invalid gap (got {gap}, expected zero or more)"));

    /// <summary>Met if both criteria are met.</summary>
    public static Criterion operator &(Criterion a, Criterion b) => BitwiseAnd(a, b);

    /// <summary>Met if both criteria are met.</summary>
    /// <exception cref="ArgumentException">The criteria cover different numbers of samples.</exception>
    public static Criterion BitwiseAnd(Criterion a, Criterion b) => a.Count is { } m && b.Count is { } n && m != n
        ? throw new ArgumentException($"Criterion: the numbers of samples differ (got {m} and {n})")
        : new BothCriterion(a, b);

    /// <summary>
    /// Returns the distance of a sample from meeting the criterion, in logits; below zero: the criterion is met.
    /// </summary>
    /// <param name="sample">Index of the sample.</param>
    /// <param name="logits">Logits of the sample, <c>[K]</c>.</param>
    public abstract float Margin(int sample, ReadOnlySpan<float> logits);

    /// <summary>Returns the true class of a sample; -1: not specified.</summary>
    /// <param name="sample">Index of the sample.</param>
    public virtual int Label(int sample) => -1;

    /// <summary>Returns the target class of a sample; -1: any wrong class.</summary>
    /// <param name="sample">Index of the sample.</param>
    public virtual int Target(int sample) => -1;

    /// <summary>Restricts the criterion to the given samples, in the given order.</summary>
    /// <param name="indices">Indices of the samples.</param>
    public abstract Criterion Select(IReadOnlyList<int> indices);

    /// <summary>Returns a copy of class indices, which are also used as 32-bit integers.</summary>
    private static long[] Checked(ReadOnlySpan<long> classes, string what)
    {
        for (int i = 0; i < classes.Length; i++)
        {
            if (classes[i] is < 0 or > int.MaxValue)
            {
                throw new ArgumentException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what} of sample {i} is not a class index (got {classes[i]}, expected 0 or more)"));
            }
        }

        return classes.ToArray();
    }

    /// <summary>Returns the largest logit of all classes but one.</summary>
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
