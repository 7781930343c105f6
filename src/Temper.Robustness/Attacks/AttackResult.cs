using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>How the search for one sample ended.</summary>
public enum AttackOutcome
{
    /// <summary>The clean sample meets the criterion: nothing was done.</summary>
    WrongFromStart,

    /// <summary>An adversarial was found.</summary>
    Fooled,

    /// <summary>The search ended without one.</summary>
    NotConverged,

    /// <summary>Every gradient was zero: there was no direction to go.</summary>
    ZeroGradient,

    /// <summary>The budget of passes was used up.</summary>
    BudgetUsed,

    /// <summary>Logits or gradients were not finite.</summary>
    NotFinite,
}

/// <summary>What an attack did to one sample.</summary>
/// <param name="Outcome">How its search ended.</param>
/// <param name="L0">Number of elements that changed.</param>
/// <param name="L1">Sum of changes.</param>
/// <param name="L2">Root of the sum of squared changes.</param>
/// <param name="Linf">Largest change.</param>
/// <param name="Margin">Smallest margin that was seen within the budget; below zero: the criterion was met.</param>
/// <param name="Forwards">Forward passes.</param>
/// <param name="Backwards">Backward passes.</param>
/// <param name="First">Backward passes until the first adversarial; -1: none was found.</param>
/// <param name="Prediction">Class of the returned input; -1 where its logits are not finite.</param>
public sealed record SampleResult(
    AttackOutcome Outcome, double L0, double L1, double L2, double Linf, float Margin, int Forwards, int Backwards,
    int First, int Prediction)
{
    /// <summary>Whether the returned input meets the criterion.</summary>
    public bool IsAdversarial => Outcome is AttackOutcome.Fooled or AttackOutcome.WrongFromStart;

    /// <summary>
    /// Whether the search ended without an adversarial and every answer was finite: without an answer nothing is
    /// robust.
    /// </summary>
    public bool IsRobust => !IsAdversarial && Outcome != AttackOutcome.NotFinite;

    /// <summary>The size of the perturbation.</summary>
    /// <param name="norm">How it is measured.</param>
    public double Distance(Norm norm) => norm switch { Norm.L0 => L0, Norm.L1 => L1, Norm.L2 => L2, _ => Linf };
}

/// <summary>The result of an attack, one row a sample in the order of the inputs.</summary>
/// <param name="Adversarials">
/// Perturbed inputs <c>[N, ...]</c>; a sample that was not fooled comes back unchanged.
/// </param>
/// <param name="Samples">What happened to each.</param>
public sealed record AttackResult(Tensor Adversarials, IReadOnlyList<SampleResult> Samples)
{
    /// <summary>
    /// Samples that do not meet the criterion after the attack, 0 to 1; one whose logits were not finite does not count
    /// as robust.
    /// </summary>
    public double RobustAccuracy =>
        Samples.Count == 0 ? double.NaN : Samples.Count(sample => sample.IsRobust) / (double)Samples.Count;

    /// <summary>
    /// The median size of the perturbation over all samples; infinite where half of them were not fooled. A sample
    /// whose logits were not finite counts as one that needs no perturbation.
    /// </summary>
    /// <param name="norm">How it is measured.</param>
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

    /// <summary>The mean size of the perturbation over the samples that were fooled.</summary>
    /// <param name="norm">How it is measured.</param>
    public double MeanDistance(Norm norm) =>
        Samples.Where(sample => sample.IsAdversarial)
            .Select(sample => sample.Distance(norm)).DefaultIfEmpty(double.NaN).Average();
}
