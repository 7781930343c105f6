using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Robustness.Attacks;

/// <summary>
/// HopSkipJump (arXiv:1904.02144), which needs decisions only. It estimates a direction at the decision boundary from
/// random points around it, steps along it, and returns to the boundary by bisection.
/// </summary>
public sealed record HopSkipJump : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "hop-skip-jump";

    /// <summary>Maximum number of queries per sample.</summary>
    public int Queries { get; init; } = 10_000;

    /// <summary>
    /// Number of random points of the first gradient estimate; grows with the square root of the step number.
    /// </summary>
    public int FirstDraws { get; init; } = 100;

    /// <summary>Number of random points to try as starts.</summary>
    public int StartDraws { get; init; } = 100;

    /// <summary>
    /// Maximum number of starting classes, each with its own path. Not in the paper, which uses one path.
    /// </summary>
    public int Starts { get; init; } = 9;

    /// <inheritdoc/>
    public override Access Needs => Access.Decisions;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <inheritdoc/>
    protected internal override bool AimsAtTarget => false;

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Queries >= 1, "queries", Queries, "1 or more");
        Require(FirstDraws >= 1, "first draws", FirstDraws, "1 or more");
        Require(StartDraws >= 1, "start draws", StartDraws, "1 or more");
        Require(Starts >= 1, "starts", Starts, "1 or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
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
        var paths = new List<Path>();
        foreach (Ask ask in FindStarts(s, paths))
        {
            yield return ask;
        }

        // Successive halving: all paths share the first third of the queries, the nearest third of them the second, and
        // the nearest path gets the rest.
        foreach (int last in (int[])[Queries / 3, 2 * Queries / 3, int.MaxValue])
        {
            int until = paths.Count == 1 ? int.MaxValue : last, begun = s.Forwards,
                share = Math.Max(0, (until - begun) / Math.Max(paths.Count, 1));
            for (int k = 0; k < paths.Count; k++)
            {
                int end = until == int.MaxValue ? until : begun + ((k + 1) * share);
                while (s.Forwards < end)
                {
                    foreach (Ask ask in paths[k].Step(s, FirstDraws))
                    {
                        yield return ask;
                    }
                }
            }

            paths = [.. paths.OrderBy(path => path.Distance).Take(last == Queries / 3 ? (paths.Count + 2) / 3 : 1)];
        }
    }

    /// <summary>
    /// Draws random points and keeps one adversarial point per class. The region of each class has its own nearest
    /// point, and a path hardly ever leaves the region in which it starts.
    /// </summary>
    private IEnumerable<Ask> FindStarts(Search s, List<Path> paths)
    {
        var seen = new HashSet<int>();
        for (int draw = 0; draw < StartDraws && paths.Count < Starts; draw++)
        {
            for (int i = 0; i < s.X.Length; i++)
            {
                s.X[i] = s.Random.NextSingle(s.Low, s.High);
            }

            yield return Ask.Scores;
            if (s.IsAdversarial && seen.Add(TensorPrimitives.IndexOfMax(s.Logits)))
            {
                var path = new Path(s);
                foreach (Ask ask in path.Bisect(s))
                {
                    yield return ask;
                }

                paths.Add(path);
            }
        }
    }

    /// <summary>One path along the decision boundary.</summary>
    private sealed class Path(Search s)
    {
        private readonly float[] _point = (float[])s.X.Clone();
        private readonly float[] _far = s.Vector();
        private readonly float[] _direction = s.Vector();
        private readonly float[] _sum = s.Vector();
        private int _step;

        /// <summary>Distance of the nearest adversarial point of this path.</summary>
        internal double Distance { get; private set; } = s.Distance;

        /// <summary>
        /// One step of algorithm 2: estimates the direction at the boundary, steps along it and returns to the
        /// boundary.
        /// </summary>
        internal IEnumerable<Ask> Step(Search s, int firstDraws)
        {
            _step++;

            // The authors' probe radius: a tenth of the range at first, then sqrt(D) theta |d| with theta = 1 / (D
            // sqrt(D)).
            double reach = _step == 1 ? 0.1 * (s.High - s.Low) : Distance / _point.Length;
            foreach (Ask ask in Estimate(
                s, _point, _direction, _sum, (int)(firstDraws * Math.Sqrt(_step)), Math.Max(reach, 1e-4 * Distance)))
            {
                yield return ask;
            }

            // Geometric search: halves the step until the point is adversarial.
            double length = Distance / Math.Sqrt(_step);
            for (int halving = 0; halving < 15; halving++, length /= 2)
            {
                _point.CopyTo(s.X, 0);
                Perturbations.AddScaled(s.X, _direction, length);
                Perturbations.Clip(s.X, s.Low, s.High);
                yield return Ask.Scores;
                if (s.IsAdversarial)
                {
                    foreach (Ask ask in Bisect(s))
                    {
                        yield return ask;
                    }

                    yield break;
                }
            }
        }

        /// <summary>
        /// Bisects between the clean sample and the search's adversarial point; the path continues from the last
        /// adversarial point.
        /// </summary>
        internal IEnumerable<Ask> Bisect(Search s)
        {
            s.X.CopyTo(_far, 0);
            double low = 0, high = 1;
            for (int round = 0; round < 16; round++)
            {
                double middle = (low + high) / 2;
                _far.CopyTo(s.X, 0);
                Perturbations.ScaleTo(s.X, s.Clean, (float)middle);
                yield return Ask.Scores;
                (low, high) = s.IsAdversarial ? (low, middle) : (middle, high);
            }

            double distance = high * Perturbations.Distance(Norm.L2, _far, s.Clean);
            if (distance < Distance)
            {
                _far.CopyTo(_point, 0);
                Perturbations.ScaleTo(_point, s.Clean, (float)high);
                Distance = distance;
            }
        }
    }

    /// <summary>
    /// Equations 9 and 16: averages random directions, each weighted by the sign of its decision minus the mean sign.
    /// </summary>
    private static IEnumerable<Ask> Estimate(
        Search s, float[] point, float[] direction, float[] sum, int draws, double reach)
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
                // The direction after clipping.
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
