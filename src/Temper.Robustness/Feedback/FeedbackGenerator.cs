using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>Numbers of feedback examples of one class.</summary>
/// <param name="Wanted">Quota of the class.</param>
/// <param name="Made">Number of examples made.</param>
/// <param name="Candidates">Number of poorly learned paths, with a distance below tau.</param>
/// <param name="Rejected">
/// Number of rejected examples, whose label is uncertain because a sample of another class is close.
/// </param>
public sealed record ClassFeedback(int Wanted, int Made, int Candidates, int Rejected);

/// <summary>A set of feedback examples.</summary>
/// <param name="Inputs">Inputs <c>[N, ...]</c>.</param>
/// <param name="Labels">Labels of the N examples.</param>
/// <param name="Classes">Numbers of examples of each class.</param>
public sealed record FeedbackSet(Tensor Inputs, IReadOnlyList<long> Labels, IReadOnlyList<ClassFeedback> Classes);

/// <summary>
/// Makes feedback examples where the decision space is poorly learned: xf = x(alpha d) on paths with d below tau. Alpha
/// is uniform around 1, so that examples lie just inside and just outside the boundary. An example keeps the label of
/// its sample.
/// </summary>
/// <remarks>
/// Within a class the families take turns; otherwise the ten random rays of a sample would dominate its one adversarial
/// ray. An example is rejected if it is farther from its sample than half the distance to the nearest training sample
/// of another class.
/// </remarks>
internal sealed class FeedbackGenerator(
    ProbeResult found, DecisionSpace space, FeedbackOptions options, RandomStream random)
{
    /// <summary>Draws of alpha per candidate, after which a class is left short of its quota.</summary>
    private const int MaxDraws = 8;

    private readonly List<float[]> _inputs = [];
    private readonly List<long> _labels = [];

    internal FeedbackSet Run(IReadOnlyList<int> quotas, Shape sampleShape)
    {
        ClassFeedback[] classes = [.. quotas.Select((quota, k) => Fill(k, quota))];
        float[] all = new float[_inputs.Count * sampleShape.Count];
        for (int i = 0; i < _inputs.Count; i++)
        {
            _inputs[i].CopyTo(all, i * sampleShape.Count);
        }

        return new FeedbackSet(Tensor.From(all, [_inputs.Count, .. sampleShape.AsSpan()]), _labels, classes);
    }

    private ClassFeedback Fill(int label, int quota)
    {
        RandomStream own = random.Split(label);
        ProbedPath[][] pools = [.. options.Families.Select(family => Candidates(label, family, own)).Where(
            pool => pool.Length > 0)];
        int candidates = pools.Sum(pool => pool.Length), made = 0, rejected = 0;
        int[] next = new int[pools.Length];
        RandomCursor draws = own.Split("alpha").Cursor();
        for (int draw = 0; made < quota && draw < candidates * MaxDraws; draw++)
        {
            int turn = draw % pools.Length;
            ProbedPath path = pools[turn][next[turn]++ % pools[turn].Length];
            if (Example(
                path, options.MinAlpha + ((options.MaxAlpha - options.MinAlpha) * draws.NextDouble())) is { } example)
            {
                _inputs.Add(example);
                _labels.Add(label);
                made++;
            }
            else
            {
                rejected++;
            }
        }

        return new ClassFeedback(quota, made, candidates, rejected);
    }

    private ProbedPath[] Candidates(int label, string family, RandomStream own)
    {
        double tau = space.Of(family)?.Tau ?? double.NaN;
        ProbedPath[] paths =
            [.. found.Paths.Where(path => path.Label == label
                && path.Exited && path.Distance < tau && string.Equals(path.Family, family, StringComparison.Ordinal))];
        own.Split(family).Shuffle(paths.AsSpan());
        return paths;
    }

    /// <summary>
    /// Returns the example at alpha times the distance to the boundary; null if its label is uncertain.
    /// </summary>
    private static float[]? Example(ProbedPath path, double alpha)
    {
        BoundaryPoint point = path.Point!;
        float[] x = new float[point.Path.Sample.Clean.Length];
        point.Path.At(alpha * point.T, x);
        point.Path.Release();
        double moved = Perturbations.Distance(Norm.L2, x, point.Path.Sample.Clean);
        return moved > point.Path.Sample.Others!.Distance / 2 ? null : x;
    }
}
