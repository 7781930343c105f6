using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Robustness.Attacks;

/// <summary>
/// Projected gradient ascent (arXiv:1706.06083), optionally with momentum (arXiv:1710.06081). One step from the clean
/// sample is the fast gradient sign method; several steps are the basic iterative method.
/// </summary>
public record Pgd : FixedBudgetAttack
{
    /// <inheritdoc/>
    public override string Name => Momentum > 0 ? "mim" : "pgd";

    /// <summary>Number of steps per start.</summary>
    public int Steps { get; init; } = 40;

    /// <summary>Step size in units of the inputs; null: 2.5 epsilon / steps.</summary>
    public double? StepSize { get; init; }

    /// <summary>Whether to start at a random point of the ball instead of the clean sample.</summary>
    public bool RandomStart { get; init; } = true;

    /// <summary>Number of starts; by default the attack stops at the first success.</summary>
    public int Restarts { get; init; } = 1;

    /// <summary>Decay of the accumulated gradient, 0 to 1; 0: no momentum.</summary>
    public float Momentum { get; init; }

    /// <summary>Whether to maximize the logit margin instead of the cross-entropy.</summary>
    public bool UsesMargin { get; init; }

    /// <inheritdoc/>
    public override bool IsDeterministic => !RandomStart;

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        base.CheckOptions();
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(Restarts >= 1, "restarts", Restarts, "1 or more");
        Require(StepSize is null or > 0, "step size", StepSize ?? 0, "above zero");
        Require(Momentum is >= 0 and <= 1, "momentum", Momentum, "0 to 1");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        double size = StepSize ?? (2.5 * Epsilon / Steps);
        float[] direction = s.Vector();
        s.Loss = s.LossOf(UsesMargin ? LossKind.Margin : LossKind.CrossEntropy);
        for (int restart = 0; restart < Restarts; restart++)
        {
            Begin(s);
            Array.Clear(direction);
            for (int step = 0; step < Steps; step++)
            {
                yield return Ask.Gradient;

                // g = mu g + grad / |grad|_1;  x = P(x + size * steepest(g))
                double sum = Perturbations.Sum(s.Gradient);
                TensorPrimitives.Multiply(direction, Momentum, direction);
                Perturbations.AddScaled(direction, s.Gradient, sum > 0 && Momentum > 0 ? 1 / sum : 1);
                Perturbations.Ascend(Norm, s.X, direction, size);
                Perturbations.Project(Norm, s.X, s.Clean, Epsilon, s.Bounds);
            }

            yield return Ask.Scores;
        }
    }

    private void Begin(Search s)
    {
        if (RandomStart)
        {
            Starts.InBall(s, Epsilon);
        }
        else
        {
            s.Clean.CopyTo(s.X, 0);
        }
    }
}

/// <summary>The fast gradient sign method (arXiv:1412.6572): one step with the full radius.</summary>
public sealed record Fgsm : Pgd
{
    /// <summary>Creates the attack with one step from the clean sample.</summary>
    public Fgsm() => (Steps, RandomStart) = (1, false);

    /// <inheritdoc/>
    public override string Name => "fgsm";

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s) => new Pgd
    {
        Epsilon = Epsilon, Norm = Norm, Steps = 1, RandomStart = false, StepSize = Math.Max(Epsilon, double.Epsilon),
    }.Find(s);
}

/// <summary>The basic iterative method (arXiv:1607.02533): several steps from the clean sample.</summary>
public sealed record BasicIterative : Pgd
{
    /// <summary>Creates the attack with ten steps from the clean sample.</summary>
    public BasicIterative() => (Steps, RandomStart) = (10, false);

    /// <inheritdoc/>
    public override string Name => "bim";
}
