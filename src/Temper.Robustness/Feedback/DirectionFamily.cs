using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>A family of directions in which the decision space is measured.</summary>
public abstract record DirectionFamily
{
    private protected DirectionFamily()
    {
    }

    /// <summary>All families, in the order of reports.</summary>
    public static IReadOnlyList<DirectionFamily> All { get; } =
    [
        new AdversarialDirection(), new RandomDirections(), new NearestSampleDirection(), new NearestMeanDirection(),
        new TranslationPath(), new RotationPath(), new BlurPath(), new BrightnessPath(), new NoisePath(),
    ];

    /// <summary>Name of the family on the command line and in results.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Whether paths are rays, measured by L2 distance. Other paths are corruptions of pictures, measured by severity,
    /// 0 to 1.
    /// </summary>
    public virtual bool IsRay => true;

    /// <summary>Access to the target that the family needs.</summary>
    public virtual Access Needs => Access.Decisions;

    /// <summary>Whether the family needs samples of other classes as goals.</summary>
    internal virtual bool NeedsReference => false;

    /// <summary>Number of paths per sample.</summary>
    internal virtual int Count => 1;

    /// <summary>Returns the family with a given name.</summary>
    /// <param name="name">Name such as <c>random</c>.</param>
    /// <exception cref="ArgumentException">No family has this name.</exception>
    public static DirectionFamily ByName(string name) =>
        All.FirstOrDefault(family => string.Equals(family.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"probe: unknown family of directions (got '{name}', expected one of "
            + $"{string.Join(", ", All.Select(family => family.Name))})");

    /// <summary>Returns the families that can be measured on a target.</summary>
    /// <param name="target">Target to measure.</param>
    /// <param name="hasReference">Whether samples of other classes are available.</param>
    public static IReadOnlyList<DirectionFamily> For(AttackTarget target, bool hasReference = true) =>
        [.. All.Where(family => family.ReasonAgainst(target, hasReference) is null)];

    /// <summary>Returns why the family cannot be measured on a target; null if it can.</summary>
    internal virtual string? ReasonAgainst(AttackTarget target, bool hasReference) =>
        Needs > target.Access ? $"{Name} needs a target with {Needs} (got {target.Access})"
        : NeedsReference && !hasReference ? $"{Name} needs samples of other classes (got none)"
        : !IsRay && target.SampleShape.Rank != 3 ? $"{Name} needs pictures [C, H, W] (got {target.SampleShape})"
        : null;

    /// <summary>Creates a path of a sample; always the same for the same arguments.</summary>
    private protected abstract ProbePath PathOf(ProbedSample sample, int index);

    /// <summary>Searches along a path and stores the result in <see cref="ProbeSearch.Found"/>.</summary>
    internal virtual IEnumerable<Ask> Find(ProbeSearch s, int index, ProbeOptions options) =>
        BoundarySearch.Along(s, PathOf(s.Sample, index), options);

    private protected RandomStream StreamOf(ProbedSample sample, int index = 0) =>
        sample.Random.Split(Name).Split(index);
}

/// <summary>
/// The adversarial direction: against the gradient of the margin at the sample, then against its gradient at the
/// boundary point found. The closer exit counts. If the gradient at the sample is zero or not finite, the distance is
/// the largest possible one, see <see cref="FamilyCriteria.WithoutGradient"/>.
/// </summary>
public sealed record AdversarialDirection : DirectionFamily
{
    /// <inheritdoc/>
    public override string Name => "adversarial";

    /// <inheritdoc/>
    public override Access Needs => Access.Gradients;

    private protected override ProbePath PathOf(ProbedSample sample, int index) =>
        throw new NotSupportedException("adversarial: the path is determined by the search");

    internal override IEnumerable<Ask> Find(ProbeSearch s, int index, ProbeOptions options)
    {
        BoundaryPoint? nearest = null;
        float[] place = (float[])s.Sample.Clean.Clone();
        for (int round = 0; round < 2 && nearest is null or { Exited: true }; round++)
        {
            place.CopyTo(s.X, 0);
            yield return Ask.Gradient;

            // Elements that point out of the box would be clipped, so removing them shortens no path.
            float[] direction = (float[])s.Gradient.Clone();
            if (Perturbations.Length(direction) is not (> 0 and < double.PositiveInfinity))
            {
                // Along NaN the search would meet logits that are not finite. Zeros lead nowhere.
                Array.Clear(direction);
                s.LacksGradient |= round == 0;
            }

            Perturbations.RemoveOutward(direction, s.Sample.Clean, s.Sample.Low, s.Sample.High);
            foreach (Ask ask in BoundarySearch.Along(s, Ray.Along(s.Sample, direction), options))
            {
                yield return ask;
            }

            BoundaryPoint found = s.Found!;
            nearest = nearest is null || (found.Exited && found.Path.Length(found.T) < nearest.Path.Length(nearest.T))
                ? found
                : nearest;
            found.Path.At(found.T, place);
        }

        s.Found = nearest;
    }
}

/// <summary>Random Gaussian directions.</summary>
public sealed record RandomDirections : DirectionFamily
{
    /// <inheritdoc/>
    public override string Name => "random";

    /// <summary>R: number of rays per sample, one or more.</summary>
    public int Rays { get; init; } = 10;

    internal override int Count => Rays;

    private protected override ProbePath PathOf(ProbedSample sample, int index)
    {
        RandomStream stream = StreamOf(sample, index);
        return new Ray(sample, () =>
        {
            float[] direction = new float[sample.Clean.Length];
            stream.FillGaussian(direction);
            Ray.Normalize(direction);
            return direction;
        });
    }
}

/// <summary>The direction towards the nearest sample of another class.</summary>
public sealed record NearestSampleDirection : DirectionFamily
{
    /// <inheritdoc/>
    public override string Name => "nearest";

    internal override bool NeedsReference => true;

    private protected override ProbePath PathOf(ProbedSample sample, int index) =>
        Toward(sample, sample.Others!.Nearest);

    internal static Ray Toward(ProbedSample sample, float[] goal)
    {
        float[] difference = new float[goal.Length];
        TensorPrimitives.Subtract(goal, sample.Clean, difference);
        return Ray.Along(sample, difference);
    }
}

/// <summary>The direction towards the nearest class mean of another class.</summary>
public sealed record NearestMeanDirection : DirectionFamily
{
    /// <inheritdoc/>
    public override string Name => "class-mean";

    internal override bool NeedsReference => true;

    private protected override ProbePath PathOf(ProbedSample sample, int index) =>
        NearestSampleDirection.Toward(sample, sample.Others!.NearestMean);
}
