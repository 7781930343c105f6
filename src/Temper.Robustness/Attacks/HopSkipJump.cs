namespace Temper.Robustness.Attacks;

/// <summary>
/// HopSkipJump (arXiv:1904.02144), from decisions alone: at the boundary the direction is estimated from random points around, followed, and the
/// boundary found again by bisection.
/// </summary>
public sealed record HopSkipJump : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "hop-skip-jump";

    /// <summary>Queries for a sample.</summary>
    public int Queries { get; init; } = 10_000;

    /// <summary>Random points of the first estimate; grows with the root of the number of steps.</summary>
    public int FirstDraws { get; init; } = 100;

    /// <summary>Random points that are tried for a start.</summary>
    public int StartDraws { get; init; } = 100;

    /// <inheritdoc/>
    public override Access Needs => Access.Decisions;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    internal override void CheckOptions()
    {
        Require(Queries >= 1, "queries", Queries, "1 or more");
        Require(FirstDraws >= 1, "first draws", FirstDraws, "1 or more");
        Require(StartDraws >= 1, "start draws", StartDraws, "1 or more");
    }

    internal override IEnumerable<Ask> Find(Search s)
    {
        foreach (Ask ask in Walk(s))
        {
            if (s.Forwards >= Queries)
            {
                yield break;
            }

            yield return ask;
        }
    }

    private IEnumerable<Ask> Walk(Search s)
    {
        for (int draw = 0; draw < StartDraws && !s.HasBest; draw++)
        {
            for (int i = 0; i < s.X.Length; i++)
            {
                s.X[i] = s.Random.NextSingle(s.Low, s.High);
            }

            yield return Ask.Scores;
        }

        if (!s.HasBest)
        {
            yield break;
        }

        int size = s.Clean.Length;
        double part = 1.0 / (size * Math.Sqrt(size));
        foreach (Ask ask in BoundarySearch.Between(s, 20))
        {
            yield return ask;
        }

        float[] point = s.Vector(), direction = s.Vector(), draws = s.Vector();
        for (int step = 1; ; step++)
        {
            s.Best.CopyTo(point, 0);
            double distance = s.BestDistance, reach = step == 1 ? 0.1 * (s.High - s.Low) : Math.Sqrt(size) * part * distance;
            foreach (Ask ask in Estimate(s, point, direction, draws, (int)(FirstDraws * Math.Sqrt(step)), Math.Max(reach, 1e-4 * distance)))
            {
                yield return ask;
            }

            // Geometric search: half the step until the point is adversarial.
            double length = distance / Math.Sqrt(step);
            for (int halving = 0; halving < 15; halving++, length /= 2)
            {
                point.CopyTo(s.X, 0);
                Perturbations.AddScaled(s.X, direction, length);
                Perturbations.Clip(s.X, s.Low, s.High);
                yield return Ask.Scores;
                if (s.IsAdversarial)
                {
                    break;
                }
            }

            if (s.IsAdversarial)
            {
                foreach (Ask ask in Bisect(s))
                {
                    yield return ask;
                }
            }
        }
    }

    /// <summary>Bisection between the clean sample and the adversarial point of the search.</summary>
    private static IEnumerable<Ask> Bisect(Search s)
    {
        float[] far = (float[])s.X.Clone();
        double low = 0, high = 1;
        for (int round = 0; round < 16; round++)
        {
            double middle = (low + high) / 2;
            far.CopyTo(s.X, 0);
            Perturbations.ScaleTo(s.X, s.Clean, (float)middle);
            yield return Ask.Scores;
            (low, high) = s.IsAdversarial ? (low, middle) : (middle, high);
        }
    }

    /// <summary>Equations 9 and 16: the mean of random directions, each with the sign of its decision less the mean sign.</summary>
    private static IEnumerable<Ask> Estimate(Search s, float[] point, float[] direction, float[] sum, int draws, double reach)
    {
        float[] u = s.Vector();
        Array.Clear(direction);
        Array.Clear(sum);
        double signs = 0;
        for (int draw = 0; draw < draws; draw++)
        {
            for (int i = 0; i < u.Length; i++)
            {
                u[i] = s.Random.NextGaussian();
            }

            double length = Perturbations.Length(u);
            point.CopyTo(s.X, 0);
            Perturbations.AddScaled(s.X, u, reach / length);
            Perturbations.Clip(s.X, s.Low, s.High);
            yield return Ask.Scores;
            double sign = s.IsAdversarial ? 1 : -1;
            signs += sign;
            for (int i = 0; i < u.Length; i++)
            {
                // What clipping left of the direction.
                float d = s.X[i] - point[i];
                direction[i] += (float)(sign * d);
                sum[i] += d;
            }
        }

        double mean = signs / draws;
        if (Math.Abs(mean) < 1)
        {
            Perturbations.AddScaled(direction, sum, -mean);
        }

        double norm = Perturbations.Length(direction);
        for (int i = 0; i < direction.Length; i++)
        {
            direction[i] = norm > 0 ? (float)(direction[i] / norm) : 0;
        }
    }
}
