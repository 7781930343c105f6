using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

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

    /// <summary>Runs all checks that the target's access permits.</summary>
    /// <param name="target">Target to check.</param>
    /// <param name="inputs">Clean inputs <c>[N, ...]</c>.</param>
    /// <param name="labels">True class of each sample.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="epsilon">Radius in the L∞ norm for comparing attacks; null: 3 % of the input range.</param>
    /// <param name="cancel">Cancels the checks.</param>
    public static IReadOnlyList<TrustCheck> Run(
        AttackTarget target, Tensor inputs, ReadOnlySpan<long> labels, RandomStream random, double? epsilon = null,
        CancellationToken cancel = default)
    {
        int count = Math.Min(inputs.Shape[0], MaxSamples);
        if (count == 0)
        {
            return [];
        }

        var probe = new TrustProbe(target, inputs.Slice(0, 0, count), labels[..count].ToArray(), random);
        List<TrustCheck> checks =
        [
            probe.Finite(), probe.Accuracy(), probe.Normalization(), probe.Repeats(), probe.Probabilities(),
            probe.Steps(),
        ];
        if (target.Access == Access.Gradients)
        {
            double radius = epsilon ?? (0.03 * (target.Maximum - target.Minimum));
            checks.Add(probe.ZeroGradients());
            checks.Add(probe.Saturation());
            checks.AddRange(probe.Attacks(radius, cancel));
        }

        return checks;
    }

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
    /// Returns the verdict: <c>trustworthy</c>, <c>suspicious</c> followed by the reasons, or <c>not checked</c> if no
    /// check of the target ran.
    /// </summary>
    /// <param name="checks">Results of the checklist.</param>
    public static string Verdict(IReadOnlyList<TrustCheck> checks) =>
        checks.Where(check => check.IsSuspicious).Select(check => check.Name).ToArray() is { Length: > 0 } reasons
        ? $"suspicious: {string.Join(", ", reasons)}"
        : checks.Any(check => !OfResults.Contains(check.Name, StringComparer.Ordinal)) ? "trustworthy" : "not checked";
}

/// <summary>Runs the checks on one set of samples.</summary>
internal sealed class TrustProbe
{
    private readonly AttackTarget _target;
    private readonly Tensor _inputs;
    private readonly long[] _labels;
    private readonly RandomStream _random;
    private readonly int _count;
    private readonly int _size;
    private readonly float[] _logits;
    private readonly double _accuracy;

    internal TrustProbe(AttackTarget target, Tensor inputs, long[] labels, RandomStream random)
    {
        (_target, _inputs, _labels, _random, _count, _size) =
            (target, inputs, labels, random, inputs.Shape[0], target.SampleShape.Count);
        _logits = Scores(inputs.AsSpan<float>());
        _accuracy = Right(_logits);
    }

    private float Range => _target.Maximum - _target.Minimum;

    internal TrustCheck Finite()
    {
        int broken =
            Enumerable.Range(0, _count).Count(i => Row(i).ContainsAnyExceptInRange(float.MinValue, float.MaxValue));
        return new TrustCheck(
            "finite-logits", broken > 0, $"{broken} of {_count} clean samples have logits that are not finite");
    }

    internal TrustCheck Accuracy() => new(
        "clean-accuracy", _accuracy < 1.5 / _target.Classes,
        $"{_accuracy:P1} of {_count} clean samples are classified correctly (chance: {1.0 / _target.Classes:P1})");

    /// <summary>Checks whether accuracy is much higher when the same data is scaled to another range.</summary>
    internal TrustCheck Normalization()
    {
        float[] x = _inputs.ToArray<float>();
        float mean = TensorPrimitives.Sum(x) / x.Length,
            deviation = MathF.Max(TensorPrimitives.StdDev(x.AsSpan()), 1e-12f);
        (string Name, Func<float, float> Change)[] others =
        [
            ("multiplied by 255", v => v * 255), ("divided by 255", v => v / 255),
            ("moved to -1 to 1", v => ((v - _target.Minimum) / Range * 2) - 1),
            ("with mean 0 and standard deviation 1", v => (v - mean) / deviation),
            ("negated", v => _target.Maximum + _target.Minimum - v),
        ];
        (string Name, double Accuracy) best = others
            .Select(other => (other.Name, Right(Scores([.. x.Select(other.Change)])))).MaxBy(other => other.Item2);
        return new TrustCheck(
            "normalization", best.Accuracy > _accuracy + 0.1,
            $"clean accuracy {_accuracy:P1}; at most {best.Accuracy:P1} with the inputs {best.Name}");
    }

    internal TrustCheck Repeats()
    {
        int differing = 0;
        for (int run = 0; run < 4; run++)
        {
            differing += Scores(_inputs.AsSpan<float>()).AsSpan().SequenceEqual(_logits) ? 0 : 1;
        }

        return new TrustCheck("random-output", differing > 0, differing > 0
            ? $"{differing} of 4 repeated runs gave different logits; use autoattack-rand"
            : "repeated runs give the same logits");
    }

    internal TrustCheck Probabilities()
    {
        int rows = Enumerable.Range(0, _count).Count(i => Row(i).ToArray() is var row
            && row.All(value => value is >= 0 and <= 1) && Math.Abs(row.Sum() - 1) < 1e-3);
        return new TrustCheck("probabilities", rows == _count, $"{rows} of {_count} outputs are probabilities; attacks "
            + "need the logits before the softmax");
    }

    /// <summary>
    /// Checks whether tiny changes of the input leave the logits unchanged, which indicates that the input is rounded.
    /// </summary>
    internal TrustCheck Steps()
    {
        RandomCursor random = _random.Split("steps").Cursor();
        float[] moved = _inputs.ToArray<float>();
        for (int i = 0; i < moved.Length; i++)
        {
            moved[i] = Math.Clamp(
                moved[i] + random.NextSingle(-1e-3f * Range, 1e-3f * Range), _target.Minimum, _target.Maximum);
        }

        float[] after = Scores(moved);
        int same = Enumerable.Range(0, _count)
            .Count(i => Row(i).SequenceEqual(after.AsSpan(i * _target.Classes, _target.Classes)));
        return new TrustCheck("rounded-input", same > _count / 2, $"{same} of {_count} outputs stay exactly the same "
            + "when every input moves by up to 0.1 % of its range");
    }

    internal TrustCheck ZeroGradients()
    {
        int zero = Zeros(LossKind.Margin, tiny: 0);
        return new TrustCheck(
            "zero-gradient", zero > _count / 10, $"the gradient of the logits is zero for {zero} of {_count} samples");
    }

    internal TrustCheck Saturation()
    {
        double[] gaps = [.. Enumerable.Range(0, _count).Select(
            i => Math.Abs((double)Criterion.Misclassified([_labels[i]]).Margin(0, Row(i)))).Order()];
        int lost = Zeros(LossKind.CrossEntropy, tiny: 0);
        return new TrustCheck(
            "saturated-logits", lost > _count / 10 || gaps[_count / 2] > 100,
            $"the gradient of cross-entropy vanishes for {lost} of {_count} samples; the median gap between logits is "
            + $"{gaps[_count / 2]:G3}");
    }

    /// <summary>
    /// Checks gradient attacks: they must beat noise and score attacks of the same radius, gain little from twice the
    /// steps, and always succeed with a huge radius.
    /// </summary>
    internal IEnumerable<TrustCheck> Attacks(double epsilon, CancellationToken cancel)
    {
        var ascent = new Pgd { Epsilon = epsilon, Steps = 20 };
        bool[] white = Fooled(ascent), longer = Fooled(ascent with { Steps = 40 }),
            margin = Fooled(ascent with { UsesMargin = true });
        bool[] noise = Fooled(new Noise { Epsilon = epsilon, Draws = 20 }),
            square = Fooled(new Square { Epsilon = epsilon, Queries = 200 });
        cancel.ThrowIfCancellationRequested();
        int exceptions =
            Enumerable.Range(0, _count).Count(i => !white[i] && !longer[i] && !margin[i] && (noise[i] || square[i]));
        yield return new TrustCheck(
            "scores-beat-gradients", exceptions > Math.Max(1, _count / 20),
            $"noise or 200 queries of Square fool {exceptions} of {_count} samples that gradient attacks do not "
            + $"(L-inf {epsilon:G3})");
        int more = longer.Count(x => x) - white.Count(x => x);
        yield return new TrustCheck(
            "not-converged", more > Math.Max(2, _count / 10), $"40 steps fool {more} more samples than 20 steps");
        bool[] unbounded = Fooled(new Pgd
        {
            Epsilon = 0.5 * Range, Steps = 60, UsesMargin = true, StepSize = 0.05 * Range, RandomStart = true,
        });
        double left = 1 - (unbounded.Count(x => x) / (double)_count);
        yield return new TrustCheck(
            "unbounded-attack-fails", left > Math.Max(1.5 / _target.Classes, 0.05),
            $"{left:P1} of the samples withstand a radius of half the input range (expected: at most chance)");

        bool[] Fooled(Attack attack) =>
            [.. attack.Run(_target, _inputs, Criterion.Misclassified(_labels), _random.Split(
                "checks"), cancel: cancel).Samples.Select(sample => sample.IsAdversarial)];
    }

    private int Zeros(LossKind kind, float tiny)
    {
        float[] logits = new float[_logits.Length], gradient = new float[_count * _size];
        _target.Gradient(_inputs.AsSpan<float>(), _count, logits, (row, z, dz) =>
            new AttackLoss(kind, (int)_labels[row]).Evaluate(z, dz), gradient);
        return Enumerable.Range(0, _count)
            .Count(i => Perturbations.Size(Norm.Linf, gradient.AsSpan(i * _size, _size)) <= tiny);
    }

    private ReadOnlySpan<float> Row(int i) => _logits.AsSpan(i * _target.Classes, _target.Classes);

    private float[] Scores(ReadOnlySpan<float> x)
    {
        float[] logits = new float[_count * _target.Classes];
        _target.Scores(x, _count, logits);
        return logits;
    }

    private double Right(float[] logits) =>
        Enumerable.Range(0, _count).Count(i => Criterion.Misclassified([_labels[i]]).Margin(
            0, logits.AsSpan(i * _target.Classes, _target.Classes)) > 0) / (double)_count;
}
