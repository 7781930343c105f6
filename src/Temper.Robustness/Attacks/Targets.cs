using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>Base class of targets that wrap another target and forward to it.</summary>
/// <param name="inner">Target to wrap.</param>
public abstract class WrappedTarget(AttackTarget inner) : AttackTarget
{
    /// <summary>The wrapped target.</summary>
    protected AttackTarget Inner { get; } = inner;

    /// <inheritdoc/>
    public override Shape SampleShape => Inner.SampleShape;

    /// <inheritdoc/>
    public override float Minimum => Inner.Minimum;

    /// <inheritdoc/>
    public override float Maximum => Inner.Maximum;

    /// <inheritdoc/>
    public override int Classes => Inner.Classes;

    /// <inheritdoc/>
    public override Access Access => Inner.Access;

    internal override int PassesPerQuery => Inner.PassesPerQuery;

    /// <inheritdoc/>
    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits) => Inner.Scores(x, count, logits);

    /// <inheritdoc/>
    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient) =>
        Inner.Gradient(x, count, logits, derivative, gradient);
}

/// <summary>
/// Computes the scores of a batch: inputs <c>[N, D]</c>, the number of samples N, and the output <c>[N, K]</c>.
/// </summary>
public delegate void ScoreFunction(ReadOnlySpan<float> x, int count, Span<float> logits);

/// <summary>
/// Computes the predicted classes of a batch: inputs <c>[N, D]</c>, and the output of N class indices.
/// </summary>
public delegate void DecisionFunction(ReadOnlySpan<float> x, Span<int> classes);

/// <summary>
/// A target implemented by a delegate that returns scores or decisions, such as a remote model or another program.
/// </summary>
public sealed class DelegateTarget : AttackTarget
{
    private readonly ScoreFunction _scores;

    /// <summary>Creates a target that provides scores.</summary>
    /// <param name="sampleShape">Shape of one sample.</param>
    /// <param name="classes">Number of classes K.</param>
    /// <param name="bounds">Smallest and largest input value.</param>
    /// <param name="scores">Computes the scores.</param>
    public DelegateTarget(Shape sampleShape, int classes, (float Minimum, float Maximum) bounds, ScoreFunction scores)
        : this(sampleShape, classes, bounds, Access.Scores, scores)
    {
    }

    /// <summary>Creates a target that provides decisions only.</summary>
    /// <param name="sampleShape">Shape of one sample.</param>
    /// <param name="classes">Number of classes K.</param>
    /// <param name="bounds">Smallest and largest input value.</param>
    /// <param name="decide">
    /// Computes the predicted classes. A class that does not exist ends the attack with an
    /// <see cref="InvalidOperationException"/>.
    /// </param>
    public DelegateTarget(
        Shape sampleShape, int classes, (float Minimum, float Maximum) bounds, DecisionFunction decide)
        : this(sampleShape, classes, bounds, Access.Decisions, (x, count, logits) =>
        {
            int[] found = new int[count];
            decide(x, found);
            logits[..(count * classes)].Clear();
            for (int row = 0; row < count; row++)
            {
                int index = (uint)found[row] < (uint)classes ? found[row] : throw new InvalidOperationException(
                    $"DelegateTarget: the function returned an unknown class (got {found[row]} for sample {row}, "
                    + $"expected 0 to {classes - 1})");
                logits[(row * classes) + index] = 1;
            }
        })
    {
    }

    private DelegateTarget(
        Shape sampleShape, int classes, (float Minimum, float Maximum) bounds, Access access, ScoreFunction scores)
    {
        (SampleShape, Classes, Access, _scores) = (sampleShape, classes, access, scores);
        (Minimum, Maximum) = bounds;
    }

    /// <inheritdoc/>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override float Minimum { get; }

    /// <inheritdoc/>
    public override float Maximum { get; }

    /// <inheritdoc/>
    public override int Classes { get; }

    /// <inheritdoc/>
    public override Access Access { get; }

    /// <inheritdoc/>
    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits) => _scores(x, count, logits);
}

/// <summary>An ensemble of targets: averages their logits.</summary>
public sealed class EnsembleTarget : WrappedTarget
{
    private readonly IReadOnlyList<AttackTarget> _members;

    /// <summary>Combines targets with the same sample shape and number of classes.</summary>
    /// <param name="members">One or more targets; the first one determines the input bounds.</param>
    /// <exception cref="ArgumentException">The list is empty, or shapes or numbers of classes differ.</exception>
    public EnsembleTarget(IReadOnlyList<AttackTarget> members)
        : base(members.Count > 0 ? members[0] : throw new ArgumentException(
            "EnsembleTarget: the list of members is empty; give one or more", nameof(members)))
    {
        if (members.FirstOrDefault(
            member => !member.SampleShape.Equals(SampleShape) || member.Classes != Classes) is { } other)
        {
            throw new ArgumentException(
                $"EnsembleTarget: members are incompatible (got {other.SampleShape} with {other.Classes} classes, "
                + $"expected {SampleShape} with {Classes})", nameof(members));
        }

        _members = members;
    }

    /// <inheritdoc/>
    public override Access Access => _members.Min(member => member.Access);

    /// <inheritdoc/>
    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits)
    {
        float[] one = new float[count * Classes];
        logits[..one.Length].Clear();
        foreach (AttackTarget member in _members)
        {
            member.Scores(x, count, one);
            TensorPrimitives.MultiplyAdd(one, 1f / _members.Count, logits[..one.Length], logits[..one.Length]);
        }
    }

    /// <inheritdoc/>
    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
    {
        // The derivative is evaluated at the mean logits, so these are computed first.
        Scores(x, count, logits);
        float[] mean = logits[..(count * Classes)].ToArray(), one = new float[mean.Length],
            part = new float[count * SampleShape.Count];
        Span<float> sum = gradient[..part.Length];
        sum.Clear();
        foreach (AttackTarget member in _members)
        {
            member.Gradient(
                x, count, one, (row, _, z) => derivative(row, mean.AsSpan(row * Classes, Classes), z), part);
            TensorPrimitives.MultiplyAdd(part, 1f / _members.Count, sum, sum);
        }
    }
}

/// <summary>
/// Applies a preprocessing step without a useful gradient, such as rounding, before a target. The backward pass treats
/// the step as the identity (BPDA, arXiv:1802.00420).
/// </summary>
/// <param name="inner">Target that receives the preprocessed inputs.</param>
/// <param name="step">Modifies inputs <c>[N, D]</c> in place.</param>
public sealed class StraightThroughTarget(AttackTarget inner, StraightThroughTarget.Step step) : WrappedTarget(inner)
{
    /// <summary>Modifies inputs <c>[N, D]</c> in place.</summary>
    public delegate void Step(Span<float> x);

    /// <inheritdoc/>
    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits) =>
        Inner.Scores(Changed(x, count), count, logits);

    /// <inheritdoc/>
    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient) =>
        Inner.Gradient(Changed(x, count), count, logits, derivative, gradient);

    private float[] Changed(ReadOnlySpan<float> x, int count)
    {
        float[] changed = x[..(count * SampleShape.Count)].ToArray();
        step(changed);
        return changed;
    }
}

/// <summary>
/// Averages logits and gradients over random changes of the input, or over a randomized target (expectation over
/// transformation, arXiv:1707.07397).
/// </summary>
/// <param name="inner">Target to average over.</param>
/// <param name="draws">Draws averaged per query.</param>
/// <param name="random">Stream from which the draws are taken.</param>
/// <param name="change">Randomly modifies inputs <c>[N, D]</c> in place; null: the target itself is randomized.</param>
public sealed class ExpectationTarget(
    AttackTarget inner, int draws, RandomStream random, ExpectationTarget.Change? change = null) : WrappedTarget(inner)
{
    private long _asked;

    /// <summary>Randomly modifies inputs <c>[N, D]</c> in place.</summary>
    public delegate void Change(Span<float> x, RandomCursor random);

    internal override int PassesPerQuery => draws * Inner.PassesPerQuery;

    /// <inheritdoc/>
    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits)
    {
        float[] one = new float[count * Classes];
        Span<float> sum = logits[..one.Length];
        sum.Clear();
        for (int draw = 0; draw < draws; draw++)
        {
            Inner.Scores(Changed(x, count), count, one);
            TensorPrimitives.MultiplyAdd(one, 1f / draws, sum, sum);
        }
    }

    /// <inheritdoc/>
    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
    {
        float[] one = new float[count * Classes], part = new float[count * SampleShape.Count];
        Span<float> sum = logits[..one.Length], total = gradient[..part.Length];
        sum.Clear();
        total.Clear();
        for (int draw = 0; draw < draws; draw++)
        {
            Inner.Gradient(Changed(x, count), count, one, derivative, part);
            TensorPrimitives.MultiplyAdd(one, 1f / draws, sum, sum);
            TensorPrimitives.MultiplyAdd(part, 1f / draws, total, total);
        }
    }

    private float[] Changed(ReadOnlySpan<float> x, int count)
    {
        float[] changed = x[..(count * SampleShape.Count)].ToArray();
        change?.Invoke(changed, random.Split(_asked++).Cursor());
        return changed;
    }
}
