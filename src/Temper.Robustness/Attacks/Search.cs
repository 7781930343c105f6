using Temper.Randomness;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>A query that a search makes about its point <see cref="Search.X"/>.</summary>
public enum Ask
{
    /// <summary>Logits: one forward pass.</summary>
    Scores,

    /// <summary>Logits and the gradient of <see cref="Search.Loss"/>: one forward and one backward pass.</summary>
    Gradient,
}

/// <summary>
/// The search of an attack for one sample. The attack sets <see cref="X"/>, yields a query and reads the result; the
/// runner batches the queries of all unfinished searches. The search also keeps the best adversarial example.
/// </summary>
public sealed class Search
{
    private readonly Criterion _criterion;
    private readonly int _index;
    private readonly SearchLimits _limits;
    private readonly int _passes;
    private readonly float[] _attempt;
    private float _attemptMargin = float.PositiveInfinity;
    private bool _isWrongWhenClean;
    private Func<float[], double>? _rule;
    private double _bestByRule = double.PositiveInfinity;

    internal Search(
        AttackTarget target, Criterion criterion, int index, float[] clean, SearchLimits limits, RandomStream random)
    {
        (_criterion, _index, Clean, _limits, Random) = (criterion, index, clean, limits, random.Cursor());
        (Shape, Low, High, Classes) = (target.SampleShape, target.Minimum, target.Maximum, target.Classes);
        (Label, Target, Gap) = (criterion.Label(index), criterion.Target(index), criterion.Gap);
        (X, Gradient, Logits, Best) =
            ((float[])clean.Clone(), new float[clean.Length], new float[Classes], (float[])clean.Clone());
        (CleanLogits, BestLogits) = (new float[Classes], new float[Classes]);
        (_passes, _attempt) = (target.PassesPerQuery, limits.Transfers ? (float[])clean.Clone() : []);
    }

    /// <summary>The clean sample, <c>[D]</c>.</summary>
    public float[] Clean { get; }

    /// <summary>Shape of the sample; its elements are D.</summary>
    public Shape Shape { get; }

    /// <summary>Smallest input value.</summary>
    public float Low { get; }

    /// <summary>Largest input value.</summary>
    public float High { get; }

    /// <summary>Number of classes K.</summary>
    public int Classes { get; }

    /// <summary>The true class.</summary>
    public int Label { get; }

    /// <summary>The target class; -1: any wrong class.</summary>
    public int Target { get; internal set; }

    /// <summary>Required gap between the largest two logits.</summary>
    public float Gap { get; }

    /// <summary>Name of the currently running member of a composed attack.</summary>
    internal string Stage { get; set; } = "";

    /// <summary>Name of the member that found the best adversarial example.</summary>
    internal string BestStage { get; private set; } = "";

    /// <summary>Random numbers of this sample, which depend on its content, not on its index.</summary>
    public RandomCursor Random { get; }

    /// <summary>Norm of the perturbation.</summary>
    public Norm Norm => _limits.Norm;

    /// <summary>Maximum size of the perturbation; infinite for attacks that minimize it.</summary>
    public double Epsilon => _limits.Epsilon;

    /// <summary>Smallest and largest input value.</summary>
    public (float Low, float High) Bounds => (Low, High);

    /// <summary>The point to evaluate.</summary>
    public float[] X { get; }

    /// <summary>Loss whose gradient <see cref="Ask.Gradient"/> computes.</summary>
    public AttackLoss Loss { get; set; }

    /// <summary>Gradient of the loss at <see cref="X"/>; the search may modify it.</summary>
    public float[] Gradient { get; }

    /// <summary>Logits at <see cref="X"/>.</summary>
    public float[] Logits { get; }

    /// <summary>Logits of the best adversarial example.</summary>
    public float[] BestLogits { get; }

    /// <summary>Logits of the clean sample.</summary>
    public float[] CleanLogits { get; }

    /// <summary>Loss at <see cref="X"/>; set by <see cref="Ask.Gradient"/> only.</summary>
    public double Value { get; private set; }

    /// <summary>
    /// Distance from meeting the criterion at <see cref="X"/>, in logits; below zero: the criterion is met.
    /// </summary>
    public float Margin { get; private set; }

    /// <summary>Whether the criterion is met at <see cref="X"/>.</summary>
    public bool IsAdversarial => Margin < 0;

    /// <summary>Size of the perturbation at <see cref="X"/> in the attack's norm.</summary>
    public double Distance { get; private set; }

    /// <summary>
    /// Function that ranks adversarial examples; the smallest value wins. Null: the distance. Setting it also evaluates
    /// the best example so far. An attack that sets it must reset it when it ends.
    /// </summary>
    internal Func<float[], double>? Rule
    {
        get => _rule;
        set => (_rule, _bestByRule) = (value, value is not null && HasBest ? value(Best) : double.PositiveInfinity);
    }

    /// <summary>The best adversarial example; the clean sample if there is none yet.</summary>
    public float[] Best { get; }

    /// <summary>
    /// The point to return: the best adversarial example, or the clean sample. A search whose result is tried on
    /// another model returns its best attempt if it has no adversarial example, or if the clean sample was one: then
    /// every point is one, and the nearest would be hardly any attempt at all.
    /// </summary>
    internal float[] Found => !_limits.Transfers || (HasBest && !_isWrongWhenClean) ? Best : _attempt;

    /// <summary>Size of the perturbation of the best adversarial example; infinite if there is none yet.</summary>
    public double BestDistance { get; private set; } = double.PositiveInfinity;

    /// <summary>Whether an adversarial example has been found.</summary>
    public bool HasBest => double.IsFinite(BestDistance);

    /// <summary>Smallest margin seen within the radius, even if the criterion was never met.</summary>
    internal float BestMargin { get; private set; } = float.PositiveInfinity;

    /// <summary>Number of queries; a target may need several passes for each.</summary>
    internal int Forwards { get; private set; }

    /// <summary>Number of queries for a gradient.</summary>
    internal int Backwards { get; private set; }

    /// <summary>Number of queries for a gradient until the first adversarial example; -1: none yet.</summary>
    internal int FirstBackwards { get; private set; } = -1;

    internal bool HadGradient { get; private set; }

    internal bool IsNotFinite { get; private set; }

    /// <summary>Allocates a vector of the sample's size.</summary>
    internal float[] Vector() => new float[Clean.Length];

    /// <summary>Returns a loss for the true class and the target class of this sample.</summary>
    /// <param name="kind">Kind of loss.</param>
    public AttackLoss LossOf(LossKind kind) => new(kind, Label, Target);

    /// <summary>
    /// Returns the classes that a targeted attack tries in turn: the target class if there is one, or else the most
    /// likely wrong classes of the clean sample, most likely first.
    /// </summary>
    /// <param name="count">Maximum number of classes.</param>
    internal int[] ClassesToAimAt(int count)
    {
        if (Target >= 0)
        {
            return [Target];
        }

        int[] order = new int[Math.Min(count + 1, Classes)];
        int found = AttackLoss.Largest(CleanLogits, order);
        return [.. order.Take(found).Where(k => k != Label).Take(count)];
    }

    /// <summary>Whether a query would exceed the budget of passes.</summary>
    internal bool IsBeyondBudget(Ask ask) =>
        (ask == Ask.Gradient && (Backwards + 1L) * _passes > _limits.Gradients)
            || (Forwards + 1L) * _passes > _limits.Forwards;

    /// <summary>
    /// Whether the search is finished: a search within a ball stops at its first success. Success means nothing where
    /// the clean sample is misclassified, which is attacked only to try the result on another model.
    /// </summary>
    internal bool IsDone => _limits.StopsAtFirst && HasBest && !_isWrongWhenClean;

    /// <summary>Processes the result of a query; the logits and, if requested, the gradient are already set.</summary>
    internal void Take(Ask ask)
    {
        Forwards++;
        if (ask == Ask.Gradient)
        {
            Backwards++;
            HadGradient |= Gradient.AsSpan().ContainsAnyExcept(0f, -0f);
            Value = Loss.Evaluate(Logits, new float[Classes]);
        }

        IsNotFinite |= !Finite(Logits) || (ask == Ask.Gradient && !Finite(Gradient));
        Margin = IsNotFinite ? float.PositiveInfinity : _criterion.Margin(_index, Logits);
        _isWrongWhenClean |= Forwards == 1 && IsAdversarial;
        Distance = Perturbations.Distance(Norm, X, Clean);

        // Allows for the rounding error of clean + epsilon.
        bool isInside = Distance <= Epsilon * (1 + 1e-6) + 1e-7;
        if (!isInside)
        {
            return;
        }

        BestMargin = Math.Min(BestMargin, Margin);
        if (IsCandidate() && IsAdversarial && IsBetter())
        {
            FirstBackwards = HasBest ? FirstBackwards : Backwards;
            (BestDistance, BestStage) = (Distance, Stage);
            X.CopyTo(Best, 0);
            Logits.CopyTo(BestLogits, 0);
        }
    }

    /// <summary>
    /// Whether the point may become the result. If it is tried on another model, the clean sample is none, and the
    /// point with the smallest margin so far is kept as the best attempt; of equal ones, the last.
    /// </summary>
    private bool IsCandidate()
    {
        if (!_limits.Transfers)
        {
            return true;
        }

        bool isChanged = Distance > 0;
        if (isChanged && !IsNotFinite && Margin <= _attemptMargin)
        {
            _attemptMargin = Margin;
            X.CopyTo(_attempt, 0);
        }

        return isChanged;
    }

    private bool IsBetter()
    {
        if (Rule is null)
        {
            return Distance < BestDistance;
        }

        double value = Rule(X);
        bool isBetter = value < _bestByRule;
        _bestByRule = isBetter ? value : _bestByRule;
        return isBetter;
    }

    private static bool Finite(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The limits of a search.</summary>
/// <param name="Norm">Norm of the perturbation.</param>
/// <param name="Epsilon">Maximum size of the perturbation; infinite: not limited.</param>
/// <param name="StopsAtFirst">Whether the search stops at the first success.</param>
/// <param name="Gradients">Maximum number of backward passes.</param>
/// <param name="Forwards">Maximum number of forward passes.</param>
/// <param name="Transfers">Whether the result is tried on another model.</param>
internal sealed record SearchLimits(
    Norm Norm, double Epsilon, bool StopsAtFirst, int Gradients, int Forwards, bool Transfers);
