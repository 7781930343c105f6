namespace Temper.Robustness.Attacks;

/// <summary>
/// A final search for the nearest point of the linearized decision boundary, from gradients at the best adversarial
/// example. Exact if the network is linear between that point and the clean sample. Not part of the papers; off by
/// default.
/// </summary>
internal static class LinearFinish
{
    /// <summary>Searches for a closer adversarial example in the 2-norm.</summary>
    /// <param name="s">Search to continue; unchanged if it has no adversarial example.</param>
    /// <param name="gradients">Maximum number of gradients.</param>
    internal static IEnumerable<Ask> From(Search s, int gradients)
    {
        if (!s.HasBest || gradients <= 0)
        {
            yield break;
        }

        float[] point = (float[])s.Best.Clone();
        int[] order = new int[s.Classes];
        AttackLoss.Largest(s.BestLogits, order);
        int[] classes = [.. order.Where(k => k != (s.Target >= 0 ? s.Target : s.Label)).Take(gradients)];
        var planes = new List<HalfSpace>();
        foreach (int k in classes)
        {
            point.CopyTo(s.X, 0);
            s.Loss = s.Target >= 0
                ? new AttackLoss(LossKind.Difference, k, s.Target)
                : new AttackLoss(LossKind.Difference, s.Label, k);
            yield return Ask.Gradient;
            planes.Add(HalfSpace.At(s));
        }

        // Untargeted: the nearest of all half-spaces. Targeted: their intersection.
        IEnumerable<HalfSpace[]> sets = s.Target >= 0 ? [[.. planes]] : planes.Select(plane => (HalfSpace[])[plane]);
        (float[] Way, double Size)[] ways = [.. sets.Select(set => Nearest(s, set)).OrderBy(way => way.Size)];
        foreach ((float[] way, double size) in ways)
        {
            if (size >= s.BestDistance)
            {
                yield break;
            }

            foreach (double factor in (double[])[1.0005, 1.005, 1.03])
            {
                s.Clean.CopyTo(s.X, 0);
                Perturbations.AddScaled(s.X, way, factor);
                Perturbations.Clip(s.X, s.Low, s.High);
                yield return Ask.Scores;
                if (s.IsAdversarial)
                {
                    yield break;
                }
            }
        }
    }

    private static (float[] Way, double Size) Nearest(Search s, HalfSpace[] set)
    {
        float[] way = s.Vector();
        if (set.Length == 1)
        {
            HyperplaneProjection.Solve(Norm.L2, s.Clean, set[0].Normal, Math.Max(set[0].Rise, 0), s.Bounds, way);
        }
        else
        {
            Alternate(s, set, way);
        }

        return (way, Perturbations.Length(way));
    }

    /// <summary>
    /// Dykstra's alternating projections onto half-spaces and the box: converges to the nearest point of their
    /// intersection.
    /// </summary>
    private static void Alternate(Search s, HalfSpace[] set, float[] way)
    {
        int size = way.Length;
        double[] d = new double[size], box = new double[size], held = new double[set.Length];
        double[] squares = [.. set.Select(plane => Math.Pow(Perturbations.Length(plane.Normal), 2))];
        for (int round = 0; round < 200; round++)
        {
            double moved = 0;
            for (int k = 0; k < set.Length; k++)
            {
                if (squares[k] == 0)
                {
                    continue;
                }

                double change = Project(d, set[k], squares[k], ref held[k]);
                moved = Math.Max(moved, Math.Abs(change) * Math.Sqrt(squares[k]));
            }

            for (int i = 0; i < size; i++)
            {
                double y = d[i] + box[i], z = Math.Clamp(y, (double)s.Low - s.Clean[i], (double)s.High - s.Clean[i]);
                box[i] = y - z;
                d[i] = z;
            }

            if (moved < 1e-9 * (s.High - s.Low))
            {
                break;
            }
        }

        for (int i = 0; i < size; i++)
        {
            way[i] = (float)d[i];
        }
    }

    /// <summary>
    /// Projects onto a half-space by Dykstra's method, which undoes the half-space's previous correction first.
    /// </summary>
    /// <param name="d">The point, projected in place.</param>
    /// <param name="plane">The half-space.</param>
    /// <param name="square">Square of the length of its normal.</param>
    /// <param name="held">Its multiplier, which is updated.</param>
    /// <returns>The change of the multiplier.</returns>
    private static double Project(double[] d, HalfSpace plane, double square, ref double held)
    {
        float[] w = plane.Normal;
        double sum = 0;
        for (int i = 0; i < d.Length; i++)
        {
            sum += w[i] * d[i];
        }

        double multiplier = Math.Max(0, held + ((plane.Rise - sum) / square)), change = multiplier - held;
        held = multiplier;
        for (int i = 0; i < d.Length; i++)
        {
            d[i] += change * w[i];
        }

        return change;
    }

    /// <summary>
    /// The half-space of perturbations d with (Normal, d) of at least Rise, relative to the clean sample.
    /// </summary>
    private sealed record HalfSpace(float[] Normal, double Rise)
    {
        internal static HalfSpace At(Search s)
        {
            double rise = s.Gap - s.Value;
            for (int i = 0; i < s.X.Length; i++)
            {
                rise += (double)s.Gradient[i] * ((double)s.X[i] - s.Clean[i]);
            }

            return new HalfSpace((float[])s.Gradient.Clone(), rise);
        }
    }
}

/// <summary>An attack in the 2-norm, followed by <see cref="LinearFinish"/>. The command line uses this form.</summary>
/// <param name="Inner">Attack to run first.</param>
/// <param name="Gradients">Maximum number of gradients of the final search.</param>
public sealed record Finished(Attack Inner, int Gradients) : ComposedAttack(Inner)
{
    /// <inheritdoc/>
    public override string Name => Inner.Name;

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Inner.CheckOptions();
        Require(Gradients >= 0, "gradients of the final search", Gradients, "zero or more");
        Require(Inner.Norm == Norm.L2, "norm of the inner attack", Inner.Norm, "L2");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        foreach (Ask ask in Inner.Find(s))
        {
            yield return ask;
        }

        s.Stage = "finish";
        foreach (Ask ask in LinearFinish.From(s, Gradients))
        {
            yield return ask;
        }
    }
}
