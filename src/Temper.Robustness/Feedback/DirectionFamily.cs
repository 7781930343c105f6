using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>A family of directions in which the decision space is measured; each is a column of the report.</summary>
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

    /// <summary>Its name on the command line and in results.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Whether paths are rays, measured in L2; others are changes of pictures, measured by their severity, 0 to 1.
    /// </summary>
    public virtual bool IsRay => true;

    /// <summary>What it asks of its target.</summary>
    public virtual Access Needs => Access.Decisions;

    /// <summary>Whether it needs samples of other classes to aim at.</summary>
    internal virtual bool NeedsReference => false;

    /// <summary>Paths for each sample.</summary>
    internal virtual int Count => 1;

    /// <summary>A family by its name.</summary>
    /// <param name="name">Such as <c>random</c>.</param>
    /// <exception cref="ArgumentException">There is no such family.</exception>
    public static DirectionFamily ByName(string name) =>
        All.FirstOrDefault(family => string.Equals(family.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"probe: no such family of directions (got '{name}', expected one of "
            + $"{string.Join(", ", All.Select(family => family.Name))})");

    /// <summary>The families that can be measured on a target.</summary>
    /// <param name="target">The target.</param>
    /// <param name="hasReference">Whether samples of other classes are there to aim at.</param>
    public static IReadOnlyList<DirectionFamily> For(AttackTarget target, bool hasReference = true) =>
        [.. All.Where(family => family.ReasonAgainst(target, hasReference) is null)];

    /// <summary>Why it cannot be measured on a target; null where it can.</summary>
    internal virtual string? ReasonAgainst(AttackTarget target, bool hasReference) =>
        Needs > target.Access ? $"{Name} needs {Needs} of its target (got {target.Access})"
        : NeedsReference && !hasReference ? $"{Name} needs samples of other classes to aim at (none were given)"
        : !IsRay && target.SampleShape.Rank != 3 ? $"{Name} needs pictures [C, H, W] (got {target.SampleShape})"
        : null;

    /// <summary>A path of a sample; the same each time.</summary>
    private protected abstract ProbePath PathOf(ProbedSample sample, int index);

    /// <summary>The search along a path, which leaves its result in <see cref="ProbeSearch.Found"/>.</summary>
    internal virtual IEnumerable<Ask> Find(ProbeSearch s, int index, ProbeOptions options) =>
        BoundarySearch.Along(s, PathOf(s.Sample, index), options);

    private protected RandomStream StreamOf(ProbedSample sample, int index = 0) =>
        sample.Random.Split(Name).Split(index);
}

/// <summary>
/// Down the gradient of the margin, taken again at the boundary point, from which a second ray is found; the nearer
/// exit counts.
/// </summary>
public sealed record AdversarialDirection : DirectionFamily
{
    /// <inheritdoc/>
    public override string Name => "adversarial";

    /// <inheritdoc/>
    public override Access Needs => Access.Gradients;

    private protected override ProbePath PathOf(ProbedSample sample, int index) =>
        throw new NotSupportedException("adversarial: the path follows from the search");

    internal override IEnumerable<Ask> Find(ProbeSearch s, int index, ProbeOptions options)
    {
        BoundaryPoint? nearest = null;
        float[] place = (float[])s.Sample.Clean.Clone();
        for (int round = 0; round < 2 && nearest is null or { Exited: true }; round++)
        {
            place.CopyTo(s.X, 0);
            yield return Ask.Gradient;

            // What points out of the box at the sample would be clipped: it makes the ray no shorter.
            float[] direction = (float[])s.Gradient.Clone();
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

/// <summary>Gaussian directions.</summary>
public sealed record RandomDirections : DirectionFamily
{
    /// <inheritdoc/>
    public override string Name => "random";

    /// <summary>R: rays for each sample; one or more.</summary>
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

/// <summary>Toward the nearest sample of another class.</summary>
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
        System.Numerics.Tensors.TensorPrimitives.Subtract(goal, sample.Clean, difference);
        return Ray.Along(sample, difference);
    }
}

/// <summary>Toward the nearest mean of another class.</summary>
public sealed record NearestMeanDirection : DirectionFamily
{
    /// <inheritdoc/>
    public override string Name => "class-mean";

    internal override bool NeedsReference => true;

    private protected override ProbePath PathOf(ProbedSample sample, int index) =>
        NearestSampleDirection.Toward(sample, sample.Others!.NearestMean);
}
