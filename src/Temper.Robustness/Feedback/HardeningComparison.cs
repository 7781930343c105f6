using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>Measurements of a network on samples that were not used for training.</summary>
/// <param name="Accuracy">Fraction of clean samples classified correctly, 0 to 1.</param>
/// <param name="Space">Criteria of the decision space.</param>
/// <param name="Attacked">Results under attack; null: no attacks were run.</param>
public sealed record MeasuredNetwork(double Accuracy, DecisionSpace Space, AttackedNetwork? Attacked)
{
    /// <summary>
    /// Measures a network. With the same samples, reference and random stream, two networks can be compared sample by
    /// sample.
    /// </summary>
    /// <param name="network">
    /// Network to measure, which returns logits, see <see cref="Network.WithoutFinalSoftmax"/>.
    /// </param>
    /// <param name="samples">Samples <c>[N, ...]</c> and their labels, int64 <c>[N]</c>.</param>
    /// <param name="reference">Samples of other classes, used as goals of directions.</param>
    /// <param name="how">Options of the probe, and the attacks; null: no attacks.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="cancel">Cancels the measurement.</param>
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

/// <summary>Measurements of a network before and after hardening, on the same samples.</summary>
/// <param name="Before">Measurements of the original network.</param>
/// <param name="After">Measurements of the hardened network.</param>
/// <param name="Trained">Names of the families of directions in which training examples were made.</param>
public sealed record HardeningComparison(MeasuredNetwork Before, MeasuredNetwork After, IReadOnlyList<string> Trained)
{
    /// <summary>Ratio of the criteria above which they count as improved.</summary>
    private const double Change = 1.02;

    /// <summary>
    /// Whether hardening helped only along the directions trained on: the distances to the decision boundary grew for
    /// the direction families used for examples, but not for the others, and no accuracy under attack rose. False if
    /// neither other families nor attacks were measured, because nothing is known then.
    /// </summary>
    public bool MovedOnlyAlongProbed => (HasOthers || After.Attacked is not null)
        && Gain(isTrained: true) > Change && !(Gain(isTrained: false) > Change)
        && (After.Attacked is null || !After.Attacked.Accuracies.Zip(Before.Attacked!.Accuracies).Any(
            pair => pair.First.Value > pair.Second.Value));

    /// <summary>Whether families were measured that were not used for examples.</summary>
    internal bool HasOthers => After.Space.Families.Any(family => !IsTrained(family.Family));

    private double Gain(bool isTrained) => After.Space.ScoreAgainst(
        Before.Space, family => IsTrained(family) == isTrained);

    private bool IsTrained(DirectionFamily family) => Trained.Contains(family.Name, StringComparer.Ordinal);
}
