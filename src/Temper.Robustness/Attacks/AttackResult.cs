using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>How the search for one sample ended.</summary>
public enum AttackOutcome
{
    /// <summary>The clean sample already meets the criterion, so it was not attacked.</summary>
    WrongFromStart,

    /// <summary>An adversarial example was found.</summary>
    Fooled,

    /// <summary>The search ended without an adversarial example.</summary>
    NotConverged,

    /// <summary>Every gradient was zero, so there was no search direction.</summary>
    ZeroGradient,

    /// <summary>The budget of passes was exhausted before an adversarial example was found.</summary>
    BudgetUsed,

    /// <summary>Logits or gradients were not finite.</summary>
    NotFinite,
}

/// <summary>The result of an attack on one sample.</summary>
/// <param name="Outcome">How the search ended.</param>
/// <param name="L0">Number of changed elements.</param>
/// <param name="L1">Sum of the absolute changes.</param>
/// <param name="L2">Square root of the sum of squared changes.</param>
/// <param name="Linf">Largest absolute change.</param>
/// <param name="Margin">Smallest margin reached within the radius; below zero: the criterion was met.</param>
/// <param name="Forwards">Number of forward passes.</param>
/// <param name="Backwards">Number of backward passes.</param>
/// <param name="First">Number of backward passes until the first adversarial example; -1: none was found.</param>
/// <param name="Prediction">
/// Predicted class of the returned input; -1 if the logits of the clean sample are not finite.
/// </param>
public sealed record SampleResult(
    AttackOutcome Outcome, double L0, double L1, double L2, double Linf, float Margin, int Forwards, int Backwards,
    int First, int Prediction)
{
    /// <summary>Whether the returned input meets the criterion.</summary>
    public bool IsAdversarial => Outcome is AttackOutcome.Fooled or AttackOutcome.WrongFromStart;

    /// <summary>
    /// Whether the search ended without an adversarial example and all logits and gradients were finite. A sample with
    /// non-finite results does not count as robust.
    /// </summary>
    public bool IsRobust => !IsAdversarial && Outcome != AttackOutcome.NotFinite;

    /// <summary>Returns the size of the perturbation.</summary>
    /// <param name="norm">Norm of the perturbation.</param>
    public double Distance(Norm norm) => norm switch { Norm.L0 => L0, Norm.L1 => L1, Norm.L2 => L2, _ => Linf };
}

/// <summary>The result of an attack: one result per sample, in the order of the inputs.</summary>
/// <param name="Adversarials">
/// Perturbed inputs <c>[N, ...]</c>; a sample that was not fooled is returned unchanged.
/// </param>
/// <param name="Samples">Result of each sample.</param>
public sealed record AttackResult(Tensor Adversarials, IReadOnlyList<SampleResult> Samples)
{
    /// <summary>
    /// Fraction of samples that withstand the attack, 0 to 1; NaN without samples. A sample with non-finite logits or
    /// gradients does not count as robust.
    /// </summary>
    public double RobustAccuracy =>
        Samples.Count == 0 ? double.NaN : Samples.Count(sample => sample.IsRobust) / (double)Samples.Count;

    /// <summary>
    /// Returns the median size of the perturbation over all samples: samples that were not fooled count as infinite,
    /// samples with non-finite logits or gradients as 0. NaN without samples.
    /// </summary>
    /// <param name="norm">Norm of the perturbation.</param>
    public double MedianDistance(Norm norm)
    {
        double[] sizes =
        [
            .. Samples.Select(sample => sample.IsRobust ? double.PositiveInfinity : sample.Distance(norm)).Order(),
        ];
        return sizes.Length == 0
            ? double.NaN
            : sizes.Length % 2 == 1
            ? sizes[sizes.Length / 2]
            : (sizes[(sizes.Length / 2) - 1] + sizes[sizes.Length / 2]) / 2;
    }

    /// <summary>Returns the mean size of the perturbation over the fooled samples; NaN if there are none.</summary>
    /// <param name="norm">Norm of the perturbation.</param>
    public double MeanDistance(Norm norm) =>
        Samples.Where(sample => sample.IsAdversarial)
            .Select(sample => sample.Distance(norm)).DefaultIfEmpty(double.NaN).Average();
}
