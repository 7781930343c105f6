namespace Temper.Robustness.Attacks;

/// <summary>Random points on the surface of the ball: the baseline for all other attacks.</summary>
public sealed record Noise : FixedBudgetAttack
{
    /// <inheritdoc/>
    public override string Name => "noise";

    /// <summary>Number of random points per sample.</summary>
    public int Draws { get; init; } = 100;

    /// <inheritdoc/>
    public override Access Needs => Access.Decisions;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <inheritdoc/>
    protected internal override bool AimsAtTarget => false;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.Linf, Norm.L2];

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        base.CheckOptions();
        Require(Draws >= 1, "draws", Draws, "1 or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        for (int draw = 0; draw < Draws; draw++)
        {
            Starts.OnSphere(s, s.Epsilon);
            yield return Ask.Scores;
        }
    }
}

/// <summary>Random starting points.</summary>
internal static class Starts
{
    /// <summary>
    /// Draws a uniform point of the box (L∞ norm), or a random direction of random length within the ball (other
    /// norms).
    /// </summary>
    internal static void InBall(Search s, double radius)
    {
        if (s.Norm == Norm.Linf)
        {
            for (int i = 0; i < s.X.Length; i++)
            {
                s.X[i] = s.Clean[i] + s.Random.NextSingle((float)-radius, (float)radius);
            }
        }
        else
        {
            Gaussian(s, radius * Math.Pow(s.Random.NextDouble(), 1.0 / s.X.Length));
        }

        Perturbations.Project(s.Norm, s.X, s.Clean, radius, s.Bounds);
    }

    /// <summary>
    /// Draws a point on the surface of the ball: a corner of the box (L∞ norm) or a random direction (other norms).
    /// </summary>
    internal static void OnSphere(Search s, double radius)
    {
        if (s.Norm == Norm.Linf)
        {
            for (int i = 0; i < s.X.Length; i++)
            {
                s.X[i] = s.Clean[i] + (s.Random.NextBoolean() ? (float)radius : (float)-radius);
            }
        }
        else
        {
            Gaussian(s, radius);
        }

        Perturbations.Project(s.Norm, s.X, s.Clean, radius, s.Bounds);
    }

    /// <summary>
    /// Draws the starting point of Auto-PGD: a random direction, scaled to touch the surface of the ball.
    /// </summary>
    internal static void OnSurfaceOf(Search s, double radius)
    {
        if (s.Norm != Norm.Linf)
        {
            OnSphere(s, radius);
            return;
        }

        for (int i = 0; i < s.X.Length; i++)
        {
            s.X[i] = s.Random.NextSingle(-1, 1);
        }

        double max = Perturbations.Size(Norm.Linf, s.X);
        for (int i = 0; i < s.X.Length; i++)
        {
            s.X[i] = s.Clean[i] + (float)(s.X[i] * radius / max);
        }

        Perturbations.Project(s.Norm, s.X, s.Clean, radius, s.Bounds);
    }

    private static void Gaussian(Search s, double size)
    {
        for (int i = 0; i < s.X.Length; i++)
        {
            s.X[i] = s.Random.NextGaussian();
        }

        double length = Perturbations.Size(s.Norm, s.X);
        for (int i = 0; i < s.X.Length; i++)
        {
            s.X[i] = s.Clean[i] + (float)(s.X[i] * size / length);
        }
    }
}
