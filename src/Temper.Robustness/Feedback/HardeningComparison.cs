using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>A network as it was measured on samples that nothing was trained on.</summary>
/// <param name="Accuracy">Part of the clean samples that is right, 0 to 1.</param>
/// <param name="Space">Criteria of the decision space.</param>
/// <param name="Attacked">How it stands up to attacks; null where they were not run.</param>
public sealed record MeasuredNetwork(double Accuracy, DecisionSpace Space, AttackedNetwork? Attacked)
{
    /// <summary>
    /// Measures a network. The same samples, reference and stream make two networks comparable sample by sample.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="samples">Samples <c>[N, ...]</c> and their classes, int64 <c>[N]</c>.</param>
    /// <param name="reference">Samples of other classes to aim at.</param>
    /// <param name="how">How the space is measured, and the attacks; null: no attacks.</param>
    /// <param name="random">Random numbers.</param>
    /// <param name="cancel">Stops it.</param>
    public static MeasuredNetwork Of(
        Network network, (Tensor Inputs, Tensor Labels) samples, SampleReference reference,
        (ProbeOptions Probe, UntrainedCheck? Check) how, RandomStream random,
        CancellationToken cancel = default)
    {
        var target = new NetworkTarget(network);
        Tensor inputs = samples.Inputs.Reshape([samples.Inputs.Shape[0], .. target.SampleShape.AsSpan()]);
        ProbeResult found = DecisionSpaceProbe.Run(
            target, inputs, samples.Labels.AsSpan<long>(), reference, random.Split("probe"), how.Probe, cancel);
        AttackedNetwork? attacked =
            how.Check?.Run(target, inputs, samples.Labels.AsSpan<long>(), random.Split("attacks"), cancel);
        return new MeasuredNetwork(found.Accuracy, DecisionSpace.Of(found), attacked);
    }
}

/// <summary>A network before and after hardening, on the same samples.</summary>
/// <param name="Before">As it came in.</param>
/// <param name="After">As it came out.</param>
/// <param name="Trained">Names of the families in which examples were made.</param>
public sealed record HardeningComparison(MeasuredNetwork Before, MeasuredNetwork After, IReadOnlyList<string> Trained)
{
    /// <summary>What counts as a change of the criteria.</summary>
    private const double Change = 1.02;

    /// <summary>
    /// Whether the boundary moved only along the probed directions: the families that examples were made in improved,
    /// and neither an attack nor a family without examples did.
    /// </summary>
    public bool MovedOnlyAlongProbed => Gain(isTrained: true) > Change && !(Gain(isTrained: false) > Change)
        && (After.Attacked is null || !After.Attacked.Accuracies.Zip(Before.Attacked!.Accuracies).Any(
            pair => pair.First.Value > pair.Second.Value));

    private double Gain(bool isTrained) => After.Space.ScoreAgainst(
        Before.Space, family => Trained.Contains(family.Name, StringComparer.Ordinal) == isTrained);
}
