using Temper.Randomness;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>What a search asks next about its point <see cref="Search.X"/>.</summary>
internal enum Ask
{
    /// <summary>Logits: one forward pass.</summary>
    Scores,

    /// <summary>Logits and the gradient of <see cref="Search.Loss"/>: one forward and one backward pass.</summary>
    Gradient,
}

/// <summary>
/// The search of an attack for one sample. An attack is written as the algorithm for one sample: it sets
/// <see cref="X"/>, asks, and reads the answer; the runner joins the questions of all samples that are not finished
/// into batches. It also keeps the best adversarial found.
/// </summary>
internal sealed class Search
{
    private readonly Criterion _criterion;
    private readonly int _index;
    private readonly SearchLimits _limits;
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
    }

    /// <summary>The clean sample, <c>[D]</c>.</summary>
    internal float[] Clean { get; }

    internal Shape Shape { get; }

    internal float Low { get; }

    internal float High { get; }

    internal int Classes { get; }

    /// <summary>The right class.</summary>
    internal int Label { get; }

    /// <summary>The target class; -1: any wrong one.</summary>
    internal int Target { get; set; }

    /// <summary>The gap of logits that is asked for.</summary>
    internal float Gap { get; }

    /// <summary>Which member of a composed attack asks now.</summary>
    internal string Stage { get; set; } = "";

    /// <summary>Which member found the best adversarial.</summary>
    internal string BestStage { get; private set; } = "";

    internal RandomCursor Random { get; }

    internal Norm Norm => _limits.Norm;

    /// <summary>Largest size of the perturbation; infinite for attacks that look for the smallest.</summary>
    internal double Epsilon => _limits.Epsilon;

    internal (float Low, float High) Bounds => (Low, High);

    /// <summary>The point asked about.</summary>
    internal float[] X { get; }

    /// <summary>What <see cref="Ask.Gradient"/> is the gradient of.</summary>
    internal AttackLoss Loss { get; set; }

    /// <summary>Gradient of the loss at <see cref="X"/>; the search may change it.</summary>
    internal float[] Gradient { get; }

    /// <summary>Logits at <see cref="X"/>.</summary>
    internal float[] Logits { get; }

    /// <summary>Logits of the best adversarial.</summary>
    internal float[] BestLogits { get; }

    /// <summary>Logits of the clean sample.</summary>
    internal float[] CleanLogits { get; }

    /// <summary>Loss at <see cref="X"/>; only after a gradient was asked for.</summary>
    internal double Value { get; private set; }

    /// <summary>How far the criterion is from being met at <see cref="X"/>; below zero: it is.</summary>
    internal float Margin { get; private set; }

    internal bool IsAdversarial => Margin < 0;

    /// <summary>Size of the perturbation at <see cref="X"/> in the attack's norm.</summary>
    internal double Distance { get; private set; }

    /// <summary>
    /// What decides between adversarials, from the point: the smaller value stays. Null: the distance. An attack that
    /// sets it sets it back when it ends; what was found before it began is measured by it too.
    /// </summary>
    internal Func<float[], double>? Rule
    {
        get => _rule;
        set => (_rule, _bestByRule) = (value, value is not null && HasBest ? value(Best) : double.PositiveInfinity);
    }

    /// <summary>The nearest adversarial that was found; the clean sample while there is none.</summary>
    internal float[] Best { get; }

    internal double BestDistance { get; private set; } = double.PositiveInfinity;

    internal bool HasBest => double.IsFinite(BestDistance);

    /// <summary>Smallest margin that was seen within the budget, also where none met the criterion.</summary>
    internal float BestMargin { get; private set; } = float.PositiveInfinity;

    internal int Forwards { get; private set; }

    internal int Backwards { get; private set; }

    /// <summary>Passes until the first adversarial.</summary>
    internal int FirstBackwards { get; private set; } = -1;

    internal bool HadGradient { get; private set; }

    internal bool IsNotFinite { get; private set; }

    /// <summary>Room for a vector of the sample's size.</summary>
    internal float[] Vector() => new float[Clean.Length];

    internal AttackLoss LossOf(LossKind kind) => new(kind, Label, Target);

    /// <summary>Whether a question would go beyond the budget of passes.</summary>
    internal bool IsBeyondBudget(Ask ask) =>
        ask == Ask.Gradient
            ? Backwards >= _limits.Gradients || Forwards >= _limits.Forwards
            : Forwards >= _limits.Forwards;

    /// <summary>A search within a ball is over with its first success.</summary>
    internal bool IsDone => _limits.StopsAtFirst && HasBest;

    /// <summary>Takes an answer: logits are there, and the gradient where it was asked for.</summary>
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
        Distance = Perturbations.Distance(Norm, X, Clean);

        // Rounding of clean + epsilon is not held against an attack.
        bool isInside = Distance <= Epsilon * (1 + 1e-6) + 1e-7;
        if (!isInside)
        {
            return;
        }

        BestMargin = Math.Min(BestMargin, Margin);
        if (IsAdversarial && IsBetter())
        {
            FirstBackwards = HasBest ? FirstBackwards : Backwards;
            (BestDistance, BestStage) = (Distance, Stage);
            X.CopyTo(Best, 0);
            Logits.CopyTo(BestLogits, 0);
        }
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
/// <param name="Norm">How distance is measured.</param>
/// <param name="Epsilon">Largest distance; infinite for none.</param>
/// <param name="StopsAtFirst">Whether the first success ends it.</param>
/// <param name="Gradients">Maximum number of backward passes.</param>
/// <param name="Forwards">Maximum number of forward passes.</param>
internal sealed record SearchLimits(Norm Norm, double Epsilon, bool StopsAtFirst, int Gradients, int Forwards);
