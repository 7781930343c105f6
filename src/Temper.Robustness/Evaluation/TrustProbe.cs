using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;
using static System.FormattableString;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Robustness.Evaluation;

/// <summary>Runs the checks on one set of samples.</summary>
internal sealed class TrustProbe
{
    /// <summary>
    /// By how much perturbations may exceed those of the attack that <see cref="Larger"/> runs.
    /// </summary>
    private const double MaxRatio = 1.25;

    private readonly AttackTarget _target;
    private readonly Tensor _inputs;
    private readonly long[] _labels;
    private readonly RandomStream _random;
    private readonly int _count;
    private readonly int _size;
    private readonly float[] _logits;
    private readonly double _accuracy;
    private readonly Criterion _wrong;
    private readonly Dictionary<(Attack, Criterion), bool[]> _fooled = [];

    internal TrustProbe(AttackTarget target, Tensor inputs, long[] labels, RandomStream random)
    {
        (_target, _inputs, _labels, _random, _count, _size) =
            (target, inputs, labels, random, inputs.Shape[0], target.SampleShape.Count);
        _logits = Scores(inputs.AsSpan<float>());
        _accuracy = Right(_logits);
        _wrong = Criterion.Misclassified(labels);
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
        "clean-accuracy", _accuracy < 1.5 / _target.Classes, Invariant(
            $"{_accuracy:P1} of {_count} clean samples are classified correctly (chance: {1.0 / _target.Classes:P1})"));

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
            .Select(other => (other.Name, Accuracy: Right(Scores([.. x.Select(other.Change)]))))
            .MaxBy(other => other.Accuracy);
        return new TrustCheck(
            "normalization", best.Accuracy > _accuracy + 0.1,
            Invariant($"clean accuracy {_accuracy:P1}; at most {best.Accuracy:P1} with the inputs {best.Name}"));
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

    /// <summary>
    /// Checks for outputs of a softmax, or of a sigmoid for each class, which need not add up to 1.
    /// </summary>
    internal TrustCheck Probabilities()
    {
        int rows = Enumerable.Range(0, _count).Count(i => !Row(i).ContainsAnyExceptInRange(0f, 1f));
        return new TrustCheck("probabilities", rows == _count, $"{rows} of {_count} outputs lie between 0 and 1, as "
            + "probabilities do; attacks need the logits before the softmax or sigmoid");
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
        int zero = CountZeroGradients(LossKind.Margin);
        return new TrustCheck(
            "zero-gradient", zero > _count / 10, $"the gradient of the logits is zero for {zero} of {_count} samples");
    }

    internal TrustCheck Saturation()
    {
        double[] gaps = [.. Enumerable.Range(0, _count).Select(
            i => Math.Abs((double)Criterion.Misclassified([_labels[i]]).Margin(0, Row(i)))).Order()];
        int lost = CountZeroGradients(LossKind.CrossEntropy);
        return new TrustCheck(
            "saturated-logits", lost > _count / 10 || gaps[_count / 2] > 100,
            $"the gradient of cross-entropy vanishes for {lost} of {_count} samples; the median gap between logits is "
            + Invariant($"{gaps[_count / 2]:G3}"));
    }

    /// <summary>
    /// Checks gradient attacks: they must beat noise and score attacks of the same radius, gain little from twice the
    /// steps, and always succeed with a huge radius.
    /// </summary>
    internal IEnumerable<TrustCheck> Attacks((Norm Norm, double Epsilon) ball, CancellationToken cancel)
    {
        (Norm norm, double epsilon) = ball;
        Pgd ascent = Ascent(ball);
        bool[] white = Fooled(ascent, _wrong, cancel), longer = Fooled(Longer(ascent), _wrong, cancel),
            margin = Fooled(OnMargin(ascent), _wrong, cancel);
        bool[] noise = Fooled(new Noise { Epsilon = epsilon, Norm = norm, Draws = 20 }, _wrong, cancel),
            square = Fooled(FewQueries(ball), _wrong, cancel);
        cancel.ThrowIfCancellationRequested();
        int exceptions =
            Enumerable.Range(0, _count).Count(i => !white[i] && !longer[i] && !margin[i] && (noise[i] || square[i]));
        yield return new TrustCheck(
            "scores-beat-gradients", exceptions > Math.Max(1, _count / 20),
            $"noise or 200 queries of Square fool {exceptions} of {_count} samples that gradient attacks do not "
            + $"({Shown(ball)})");
        int more = longer.Count(x => x) - white.Count(x => x);
        yield return new TrustCheck(
            "not-converged", more > Math.Max(2, _count / 10), $"40 steps fool {more} more samples than 20 steps");
        bool[] unbounded = Fooled(
            new Pgd
            {
                Epsilon = 0.5 * Range, Steps = 60, UsesMargin = true, StepSize = 0.05 * Range, RandomStart = true,
            },
            _wrong, cancel);
        double left = 1 - (unbounded.Count(x => x) / (double)_count);
        yield return new TrustCheck(
            "unbounded-attack-fails", left > Math.Max(1.5 / _target.Classes, 0.05), Invariant(
                $"{left:P1} of the samples withstand a radius of half the input range (expected: at most chance)"));
    }

    /// <summary>
    /// Checks the result of an attack: short runs of PGD and Square, with its norm, radius and target class, must not
    /// fool clearly more samples. Null: the target's access or the norm permits neither.
    /// </summary>
    internal TrustCheck? Weaker(RobustnessEvaluation found, (Norm Norm, double Epsilon) ball, CancellationToken cancel)
    {
        Pgd ascent = Ascent(ball);
        Attack[] all = [Longer(ascent), OnMargin(ascent), FewQueries(ball)],
            usual = [.. all.Where(one => one.Needs <= _target.Access && one.Norms.Contains(ball.Norm))];
        if (usual.Length == 0)
        {
            return null;
        }

        Criterion criterion = CriterionOf(found);
        bool[][] fooled = [.. usual.Select(one => Fooled(one, criterion, cancel))];
        int more = Enumerable.Range(0, _count).Count(i =>
            IsRobust(found, found.Result.Samples[i]) && Array.Exists(fooled, run => run[i]));
        bool isWeaker = more > Math.Max(1, _count / 20);
        string[] kinds = [.. usual.Select(one => one is Pgd ? "PGD" : "Square").Distinct(StringComparer.Ordinal)];
        string names = string.Join(" or ", kinds),
            advice = _target.Access < Access.Gradients ? "use square with more queries"
                : found.Attack is AutoAttack || ball.Norm == Norm.L1 ? "use more steps, or another attack"
                : "use autoattack";
        return new TrustCheck(
            "weaker-than-usual", isWeaker,
            $"{names} fooled {more} of {_count} samples that {found.Attack.Name} did not fool ({Shown(ball)})"
            + (isWeaker ? $"; {advice}" : ""));
    }

    /// <summary>
    /// Checks the result of an attack that minimizes the perturbation: a usual one of the same norm and target class
    /// must neither fool clearly more samples nor find perturbations that are mostly clearly smaller.
    /// </summary>
    internal TrustCheck Larger(RobustnessEvaluation found, CancellationToken cancel)
    {
        Norm norm = found.Attack.Norm;
        Attack usual = norm == Norm.L2 ? new MinimalL2() : new Fmn { Norm = norm };
        IReadOnlyList<SampleResult> reference = usual.Run(
            _target, _inputs, CriterionOf(found), _random.Split("checks"), cancel: cancel).Samples;
        int compared = 0, missed = 0, larger = 0;
        for (int i = 0; i < _count; i++)
        {
            SampleResult sample = found.Result.Samples[i];
            if (reference[i].Outcome == AttackOutcome.Fooled && sample.Outcome != AttackOutcome.NotFinite)
            {
                compared++;
                missed += sample.IsRobust ? 1 : 0;
                larger += !sample.IsRobust && sample.Distance(norm) > MaxRatio * reference[i].Distance(norm) ? 1 : 0;
            }
        }

        bool isSuspicious = missed > Math.Max(1, _count / 20) || 2 * (missed + larger) > compared;
        return new TrustCheck(
            "longer-than-usual", isSuspicious,
            $"of {compared} samples that {usual.Name} fooled, {found.Attack.Name} did not fool {missed}, and needed "
            + Invariant($"more than {MaxRatio:G3} times the perturbation for {larger}")
            + (isSuspicious ? $"; use {usual.Name} with its usual steps" : ""));
    }

    private Criterion CriterionOf(RobustnessEvaluation found) =>
        found.Target is null ? _wrong : RobustnessEvaluation.CriterionOf(_labels, found.Target);

    /// <summary>Whether an evaluation counts a sample as robust.</summary>
    private static bool IsRobust(RobustnessEvaluation found, SampleResult sample) =>
        !found.IsSuccess(sample) && sample.Outcome != AttackOutcome.NotFinite;

    private static Pgd Ascent((Norm Norm, double Epsilon) ball) =>
        new() { Epsilon = ball.Epsilon, Norm = ball.Norm, Steps = 20 };

    private static Pgd Longer(Pgd ascent) => ascent with { Steps = 40 };

    private static Pgd OnMargin(Pgd ascent) => ascent with { UsesMargin = true };

    private static Square FewQueries((Norm Norm, double Epsilon) ball) =>
        new() { Epsilon = ball.Epsilon, Norm = ball.Norm, Queries = 200 };

    private static string Shown((Norm Norm, double Epsilon) ball) =>
        Invariant($"{(ball.Norm == Norm.Linf ? "L-inf" : ball.Norm.ToString())} {ball.Epsilon:G3}");

    /// <summary>Whether an attack fools each sample. An attack that several checks need runs once.</summary>
    private bool[] Fooled(Attack attack, Criterion criterion, CancellationToken cancel)
    {
        if (!_fooled.TryGetValue((attack, criterion), out bool[]? found))
        {
            AttackResult result = attack.Run(_target, _inputs, criterion, _random.Split("checks"), cancel: cancel);
            found = [.. result.Samples.Select(sample => sample.IsAdversarial)];
            _fooled.Add((attack, criterion), found);
        }

        return found;
    }

    /// <summary>Returns the number of samples whose gradient is zero.</summary>
    private int CountZeroGradients(LossKind kind)
    {
        float[] logits = new float[_logits.Length], gradient = new float[_count * _size];
        _target.Gradient(_inputs.AsSpan<float>(), _count, logits, (row, z, dz) =>
            new AttackLoss(kind, (int)_labels[row]).Evaluate(z, dz), gradient);
        return Enumerable.Range(0, _count)
            .Count(i => Perturbations.Size(Norm.Linf, gradient.AsSpan(i * _size, _size)) == 0);
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
