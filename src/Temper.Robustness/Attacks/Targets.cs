using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>A target that passes on what another one is, for wrappers.</summary>
/// <param name="inner">The other target.</param>
public abstract class WrappedTarget(AttackTarget inner) : AttackTarget
{
    /// <summary>The target inside.</summary>
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

    /// <inheritdoc/>
    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits) => Inner.Scores(x, count, logits);

    /// <inheritdoc/>
    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient) =>
        Inner.Gradient(x, count, logits, derivative, gradient);
}

/// <summary>Scores of some samples: inputs <c>[N, D]</c>, their number, and room for logits <c>[N, K]</c>.</summary>
public delegate void ScoreFunction(ReadOnlySpan<float> x, int count, Span<float> logits);

/// <summary>The winning class of some samples: inputs <c>[N, D]</c> and room for N classes.</summary>
public delegate void DecisionFunction(ReadOnlySpan<float> x, Span<int> classes);

/// <summary>
/// Anything that can be asked for scores or decisions: a network behind a server, or another program.
/// </summary>
public sealed class DelegateTarget : AttackTarget
{
    private readonly ScoreFunction _scores;

    /// <summary>A target that gives scores.</summary>
    /// <param name="sampleShape">Shape of one sample.</param>
    /// <param name="classes">K.</param>
    /// <param name="bounds">Smallest and largest value of an input.</param>
    /// <param name="scores">Asked for logits.</param>
    public DelegateTarget(Shape sampleShape, int classes, (float Minimum, float Maximum) bounds, ScoreFunction scores)
        : this(sampleShape, classes, bounds, Access.Scores, scores)
    {
    }

    /// <summary>A target that gives decisions only.</summary>
    /// <param name="sampleShape">Shape of one sample.</param>
    /// <param name="classes">K.</param>
    /// <param name="bounds">Smallest and largest value of an input.</param>
    /// <param name="decide">Asked for classes.</param>
    public DelegateTarget(
        Shape sampleShape, int classes, (float Minimum, float Maximum) bounds, DecisionFunction decide)
        : this(sampleShape, classes, bounds, Access.Decisions, (x, count, logits) =>
        {
            int[] found = new int[count];
            decide(x, found);
            logits[..(count * classes)].Clear();
            for (int row = 0; row < count; row++)
            {
                logits[(row * classes) + found[row]] = 1;
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

/// <summary>Several targets that answer together: the mean of their logits.</summary>
public sealed class EnsembleTarget : WrappedTarget
{
    private readonly IReadOnlyList<AttackTarget> _members;

    /// <summary>Joins targets of one shape, one range and the same classes.</summary>
    /// <param name="members">One or more.</param>
    /// <exception cref="ArgumentException">There is none, or they do not fit each other.</exception>
    public EnsembleTarget(IReadOnlyList<AttackTarget> members)
        : base(members.Count > 0 ? members[0] : throw new ArgumentException(
            "EnsembleTarget: there are no members; give one or more", nameof(members)))
    {
        if (members.FirstOrDefault(
            member => !member.SampleShape.Equals(SampleShape) || member.Classes != Classes) is { } other)
        {
            throw new ArgumentException(
                $"EnsembleTarget: members do not fit each other (got {other.SampleShape} with {other.Classes} classes, "
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
        // The derivative is needed at the mean, so the mean is computed first.
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
/// A step before a target that has no useful gradient, such as rounding, treated as the identity in the backward pass
/// (BPDA, arXiv:1802.00420).
/// </summary>
/// <param name="inner">The target behind the step.</param>
/// <param name="step">Changes inputs <c>[N, D]</c> in place.</param>
public sealed class StraightThroughTarget(AttackTarget inner, StraightThroughTarget.Step step) : WrappedTarget(inner)
{
    /// <summary>Changes inputs <c>[N, D]</c> in place.</summary>
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
/// The mean over random changes of the input or of a random target (expectation over transformation, arXiv:1707.07397):
/// logits and gradients are means over draws.
/// </summary>
/// <param name="inner">The target.</param>
/// <param name="draws">Number of draws for each answer.</param>
/// <param name="random">Where the draws start.</param>
/// <param name="change">
/// Changes inputs <c>[N, D]</c> in place by random numbers; null: the target itself is random.
/// </param>
public sealed class ExpectationTarget(
    AttackTarget inner, int draws, RandomStream random, ExpectationTarget.Change? change = null) : WrappedTarget(inner)
{
    private long _asked;

    /// <summary>Changes inputs <c>[N, D]</c> in place by random numbers.</summary>
    public delegate void Change(Span<float> x, RandomCursor random);

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
