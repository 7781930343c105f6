using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Evaluation;

/// <summary>The result of an evaluation, for reports.</summary>
/// <param name="Attack">Attack that was run.</param>
/// <param name="Result">Result of the attack.</param>
/// <param name="Labels">True class of each sample.</param>
/// <param name="Checks">Results of the checklist.</param>
public sealed record RobustnessEvaluation(
    Attack Attack, AttackResult Result, IReadOnlyList<long> Labels, IReadOnlyList<TrustCheck> Checks)
{
    /// <summary>
    /// Maximum perturbation that counts as a success, in the attack's norm; null: not limited. Minimizing attacks also
    /// find larger perturbations, which then do not count.
    /// </summary>
    public double? Epsilon { get; init; }

    /// <summary>
    /// Target class of the attack: only samples that are classified as it count as fooled; null: any wrong class
    /// counts.
    /// </summary>
    public int? Target { get; init; }

    /// <summary>
    /// Predicted class of each clean sample; -1 if its logits are not finite. Required with <see cref="Target"/>, where
    /// a misclassified sample need not be fooled. Null: a sample is classified correctly unless it is fooled without a
    /// perturbation.
    /// </summary>
    public IReadOnlyList<long>? CleanPredictions { get; init; }

    /// <summary>
    /// Fraction of samples classified correctly before the attack, 0 to 1. Samples with non-finite logits count as
    /// incorrect.
    /// </summary>
    public double CleanAccuracy => CleanPredictions is { Count: > 0 } clean
        ? clean.Zip(Labels).Count(pair => pair.First == pair.Second) / (double)clean.Count
        : Share(IsRightWhenClean);

    /// <summary>
    /// Fraction of samples that withstand the attack within <see cref="Epsilon"/>, 0 to 1. With <see cref="Target"/>:
    /// of samples that are not classified as the target.
    /// </summary>
    public double Accuracy => AccuracyAt(Epsilon ?? double.PositiveInfinity);

    /// <summary>
    /// Fraction of samples that are fooled within <see cref="Epsilon"/> or misclassified without a perturbation, 0 to
    /// 1. With <see cref="Target"/>: of samples that are classified as the target.
    /// </summary>
    public double Success => Share(IsSuccess);

    /// <summary>Norm and maximum size of the perturbation; null: its size is not limited.</summary>
    internal (Norm Norm, double Epsilon)? Ball =>
        (Epsilon ?? Attack.Radius) is var radius && double.IsFinite(radius) ? (Attack.Norm, radius) : null;

    /// <summary>
    /// Results that include perturbations beyond <see cref="Epsilon"/>; null: <see cref="Result"/> includes all.
    /// </summary>
    internal IReadOnlyList<SampleResult>? Unlimited { get; private init; }

    /// <summary>Returns the accuracy under perturbations of at most a given size, 0 to 1.</summary>
    /// <param name="distance">Maximum size of the perturbation, in the attack's norm.</param>
    public double AccuracyAt(double distance) =>
        Share(sample => sample.IsRobust || (sample.Outcome == AttackOutcome.Fooled && !IsWithin(sample, distance)));

    /// <summary>
    /// Whether a sample is fooled within <see cref="Epsilon"/> or misclassified without a perturbation.
    /// </summary>
    /// <param name="sample">Result of the sample.</param>
    public bool IsSuccess(SampleResult sample) => sample.IsAdversarial
        && IsWithin(sample, Epsilon ?? double.PositiveInfinity);

    /// <summary>Returns the criterion that an attack on the samples has to meet.</summary>
    /// <param name="labels">True class of each sample.</param>
    /// <param name="target">Target class; null: any wrong class.</param>
    /// <exception cref="ArgumentException">A sample has the target class.</exception>
    internal static Criterion CriterionOf(ReadOnlySpan<long> labels, int? target)
    {
        if (target is not { } aim)
        {
            return Criterion.Misclassified(labels);
        }

        long[] targets = new long[labels.Length];
        Array.Fill(targets, aim);
        return Criterion.Targeted(labels, targets);
    }

    /// <summary>Whether a sample is classified correctly before the attack.</summary>
    internal static bool IsRightWhenClean(SampleResult sample) =>
        sample.Outcome != AttackOutcome.WrongFromStart
            && !(sample.Outcome == AttackOutcome.NotFinite && sample.Prediction < 0);

    /// <summary>
    /// Returns the evaluation without the perturbations beyond <see cref="Epsilon"/>: their samples are not fooled and
    /// not perturbed. <see cref="Unlimited"/> keeps them.
    /// </summary>
    /// <param name="clean">
    /// Clean inputs <c>[N, ...]</c>, which replace these perturbed ones; null: the perturbed ones remain in the result.
    /// </param>
    internal RobustnessEvaluation LimitedToEpsilon(Tensor? clean = null)
    {
        IReadOnlyList<SampleResult> all = Result.Samples;
        bool[] isBeyond = [.. all.Select(sample => sample.Outcome == AttackOutcome.Fooled && !IsSuccess(sample))];
        return !isBeyond.Contains(true) ? this : this with
        {
            Result = new AttackResult(
                clean is null ? Result.Adversarials : Restored(clean, isBeyond),
                [.. all.Select((sample, i) => isBeyond[i] ? NotFooled(sample, i) : sample)]),
            Unlimited = all,
        };
    }

    private Tensor Restored(Tensor clean, bool[] isBeyond)
    {
        float[] inputs = Result.Adversarials.ToArray<float>();
        int size = inputs.Length / isBeyond.Length;
        for (int i = 0; i < isBeyond.Length; i++)
        {
            if (isBeyond[i])
            {
                clean.AsSpan<float>().Slice(i * size, size).CopyTo(inputs.AsSpan(i * size));
            }
        }

        return Tensor.From(inputs, Result.Adversarials.Shape);
    }

    /// <summary>
    /// The result of a sample whose perturbation does not count. The attack did not measure the margin within the
    /// radius, so it is NaN.
    /// </summary>
    private SampleResult NotFooled(SampleResult sample, int index) => sample with
    {
        Outcome = AttackOutcome.NotConverged,
        L0 = 0,
        L1 = 0,
        L2 = 0,
        Linf = 0,
        Margin = float.NaN,
        First = -1,
        Prediction = (int)(CleanPredictions ?? Labels)[index],
    };

    /// <summary>
    /// Whether the perturbation is at most as large as a distance; allows for the rounding error of clean + epsilon.
    /// </summary>
    private bool IsWithin(SampleResult sample, double distance) =>
        sample.Distance(Attack.Norm) <= (distance * (1 + 1e-6)) + 1e-7;

    private double Share(Func<SampleResult, bool> test) =>
        Result.Samples.Count == 0 ? double.NaN : Result.Samples.Count(test) / (double)Result.Samples.Count;
}
