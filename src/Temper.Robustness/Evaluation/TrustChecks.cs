using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Evaluation;

/// <summary>One item of the checklist.</summary>
/// <param name="Name">Short machine-readable name, such as <c>zero-gradient</c>.</param>
/// <param name="IsSuspicious">Whether this item casts doubt on the evaluation's figures.</param>
/// <param name="Finding">Description of the result, with numbers.</param>
public sealed record TrustCheck(string Name, bool IsSuspicious, string Finding);

/// <summary>
/// Checks for common reasons why a network only seems robust (arXiv:1902.06705 and AutoAttack's flags), most of them
/// useless gradients.
/// </summary>
public static class TrustChecks
{
    /// <summary>Maximum number of samples per check.</summary>
    private const int MaxSamples = 64;

    /// <summary>Checks that concern the attack's result. All others examine the target.</summary>
    private static readonly string[] OfResults = ["verified", NotFinite, NotTried];

    private const string NotFinite = "not-finite", NotTried = "not-tried";

    /// <summary>Says that the attack's result could not be compared, which alone is no reason for suspicion.</summary>
    internal const string NoReference = "no-reference";

    /// <summary>Runs all checks that the target's access permits.</summary>
    /// <param name="target">Target to check.</param>
    /// <param name="inputs">Clean inputs <c>[N, ...]</c>.</param>
    /// <param name="labels">True class of each sample.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="epsilon">Radius in the L∞ norm for comparing attacks; null: 3 % of the input range.</param>
    /// <param name="cancel">Cancels the checks.</param>
    /// <exception cref="ArgumentException">The numbers of inputs and labels differ.</exception>
    public static IReadOnlyList<TrustCheck> Run(
        AttackTarget target, Tensor inputs, ReadOnlySpan<long> labels, RandomStream random, double? epsilon = null,
        CancellationToken cancel = default) => Probe(target, inputs, labels, random) is { } probe
        ? OfTarget(target, probe, epsilon is { } radius ? (Norm.Linf, radius) : null, cancel)
        : [];

    /// <summary>
    /// Runs all checks that the target's access permits, and the checks of an attack's result: usual attacks of the
    /// same norm, and radius if there is one, must not find clearly more, even if the attack was a transfer or had less
    /// access. Without gradients the verdict is at most <c>not checked</c>. The checks of the target compare attacks in
    /// the norm and radius of the attack that was run, or in the L∞ norm with 3 % of the input range if its norm is
    /// neither L∞ nor L2 or its perturbations are not limited.
    /// </summary>
    /// <param name="target">
    /// Target that was attacked, or the same model with more access than the attack had, for better checks.
    /// </param>
    /// <param name="inputs">Clean inputs <c>[N, ...]</c>.</param>
    /// <param name="found">Result of the attack on these inputs; its own checks are ignored.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="cancel">Cancels the checks.</param>
    public static IReadOnlyList<TrustCheck> Run(
        AttackTarget target, Tensor inputs, RobustnessEvaluation found, RandomStream random,
        CancellationToken cancel = default)
    {
        List<TrustCheck> checks = [];
        if (Probe(target, inputs, [.. found.Labels], random) is { } probe)
        {
            (Norm Norm, double Epsilon)? ball = found.Ball;
            checks.AddRange(OfTarget(target, probe, (ball?.Norm is Norm.Linf or Norm.L2) ? ball : null, cancel));
            if (ball is { } limit && probe.Weaker(found, limit, cancel) is { } weaker)
            {
                checks.Add(weaker);
            }

            if (Searches(found.Attack) && target.Access < Access.Gradients)
            {
                checks.Add(new TrustCheck(NoReference, IsSuspicious: false, "the attack has "
                    + $"{(target.Access == Access.Scores ? "scores" : "decisions")} only, and without gradients no "
                    + "stronger one can be run to compare"));
            }
            else if (Searches(found.Attack) && double.IsInfinity(found.Attack.Radius))
            {
                checks.Add(probe.Larger(found, cancel));
            }
        }

        return [.. checks, .. OfResult(found)];
    }

    /// <summary>Runs the checks that need only the result of an attack.</summary>
    internal static IReadOnlyList<TrustCheck> OfResult(RobustnessEvaluation found) => found.Attack is Transfer
        ? [Finite(found.Result), Tried(found.Result)]
        : [Finite(found.Result)];

    /// <summary>
    /// Checks that all logits and gradients during an attack were finite. Non-finite values end the search of a sample,
    /// and the sample does not count as robust.
    /// </summary>
    /// <param name="result">Result of the attack.</param>
    public static TrustCheck Finite(AttackResult result)
    {
        int broken = result.Samples.Count(sample => sample.Outcome == AttackOutcome.NotFinite);
        return new TrustCheck(NotFinite, broken > 0, $"{broken} of {result.Samples.Count} searches ended at logits or "
            + "gradients that are not finite; these samples count as not robust");
    }

    /// <summary>
    /// Checks that a transfer attack tried a point for every sample. Some attacks make no attempt where the surrogate
    /// misclassifies the clean sample; such a sample counts as robust although only the clean sample was evaluated.
    /// </summary>
    /// <param name="result">Result of a <see cref="Transfer"/>.</param>
    internal static TrustCheck Tried(AttackResult result)
    {
        int untried = result.Samples.Count(sample => sample.IsRobust && sample.Forwards <= 1);
        return new TrustCheck(NotTried, untried > 0, $"for {untried} of {result.Samples.Count} samples the attack on "
            + "the surrogate made no attempt; these samples count as robust; attacks within a ball always make one");
    }

    /// <summary>
    /// Returns the verdict: <c>trustworthy</c>, <c>suspicious</c> followed by the reasons, <c>not checked</c> if no
    /// check of the target ran, or <c>not checked</c> followed by the reason if the attack could not be compared.
    /// </summary>
    /// <param name="checks">Results of the checklist.</param>
    public static string Verdict(IReadOnlyList<TrustCheck> checks) =>
        checks.Where(check => check.IsSuspicious).Select(check => check.Name).ToArray() is { Length: > 0 } reasons
        ? $"suspicious: {string.Join(", ", reasons)}"
        : checks.FirstOrDefault(check => check.Name is NoReference) is { } none ? $"not checked: {none.Finding}"
        : checks.Any(check => !OfResults.Contains(check.Name, StringComparer.Ordinal)) ? "trustworthy" : "not checked";

    /// <summary>Whether an attack searches; corruptions are a fixed list, and are not compared with searches.</summary>
    private static bool Searches(Attack attack) =>
        attack is ComposedAttack { First: var inner } ? Searches(inner) : attack is not Corruptions;

    /// <summary>Prepares the checks of the first samples; null: there are no samples.</summary>
    private static TrustProbe? Probe(AttackTarget target, Tensor inputs, ReadOnlySpan<long> labels, RandomStream random)
    {
        if (labels.Length != inputs.Shape[0])
        {
            throw new ArgumentException($"TrustChecks: inputs and labels differ in number (got {inputs.Shape[0]} and "
                + $"{labels.Length}); give one label per sample", nameof(labels));
        }

        int count = Math.Min(inputs.Shape[0], MaxSamples);
        return count == 0 ? null
            : new TrustProbe(target, inputs.Slice(0, 0, count), labels[..count].ToArray(), random);
    }

    /// <summary>Runs the checks of the target.</summary>
    /// <param name="target">Target to check.</param>
    /// <param name="probe">The samples.</param>
    /// <param name="ball">Norm and radius for comparing attacks; null: L∞ with 3 % of the input range.</param>
    /// <param name="cancel">Cancels the checks.</param>
    private static List<TrustCheck> OfTarget(
        AttackTarget target, TrustProbe probe, (Norm Norm, double Epsilon)? ball, CancellationToken cancel)
    {
        List<TrustCheck> checks =
        [
            probe.Finite(), probe.Accuracy(), probe.Normalization(), probe.Repeats(),
        ];
        if (target.Access != Access.Decisions)
        {
            // Decisions are 0 and 1, and a tiny change of the input hardly ever changes one.
            checks.Add(probe.Probabilities());
            checks.Add(probe.Steps());
        }

        if (target.Access == Access.Gradients)
        {
            checks.Add(probe.ZeroGradients());
            checks.Add(probe.Saturation());
            checks.AddRange(probe.Attacks(ball ?? (Norm.Linf, 0.03 * (target.Maximum - target.Minimum)), cancel));
        }

        return checks;
    }
}
