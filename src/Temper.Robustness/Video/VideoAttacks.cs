using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>Creates attacks on clips by their command-line names.</summary>
public static class VideoAttacks
{
    /// <summary>Default number of queries of <c>square</c>.</summary>
    internal const int DefaultQueries = 1000;

    private static readonly (string Name, Func<AttackSize, Attack> Make)[] All =
    [
        ("noise", c => new SignNoise { Epsilon = c.Epsilon }),
        ("one-shot", c => new Fgsm { Epsilon = c.Epsilon }),
        ("iterative", c => new BasicIterative
        {
            Epsilon = c.Epsilon, Steps = c.Steps, StepSize = Math.Max(1.25 * c.Epsilon / c.Steps, double.Epsilon),
        }),
        ("transplant", c => new FrameAttack { Epsilon = c.Epsilon, Rule = FrameRule.Transplant, Steps = 1 }),
        ("refresh", c => new FrameAttack { Epsilon = c.Epsilon, Rule = FrameRule.Refresh }),
        ("sparse", c => new FrameAttack { Epsilon = c.Epsilon, Steps = c.Steps }),
        ("random-frames", c => new FrameAttack { Epsilon = c.Epsilon, Steps = c.Steps, Order = FrameOrder.Random }),
        ("energy-frames", c => new FrameAttack { Epsilon = c.Epsilon, Steps = c.Steps, Order = FrameOrder.Energy }),
        ("l21", c => new FrameNormAttack { Epsilon = c.Epsilon }),
        ("square", c => new Square { Epsilon = c.Epsilon, Queries = c.Queries }),
    ];

    /// <summary>Names of all attacks on clips.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(row => row.Name)];

    /// <summary>Creates an attack on clips.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="epsilon">Maximum change of an element, in units of the inputs.</param>
    /// <param name="steps">Gradient steps per set of frames.</param>
    /// <param name="queries">Maximum number of queries of <c>square</c>, which needs scores only.</param>
    /// <exception cref="ArgumentException">No attack has this name.</exception>
    public static Attack Create(string name, double epsilon, int steps = 10, int queries = DefaultQueries) =>
        All.FirstOrDefault(row => string.Equals(row.Name, name, StringComparison.Ordinal)).Make?.Invoke(
            new AttackSize(epsilon, steps, queries))
        ?? throw new ArgumentException(
            $"VideoAttacks: no such attack (got '{name}', expected one of {string.Join(", ", Names)})");

    /// <summary>Whether an attack reads the number of steps.</summary>
    internal static bool HasSteps(string name) => name is "iterative" or "sparse" or "random-frames" or "energy-frames";

    /// <summary>Whether an attack reads the number of queries.</summary>
    internal static bool HasQueries(string name) => name is "square";

    /// <summary>Options of an attack.</summary>
    private readonly record struct AttackSize(double Epsilon, int Steps, int Queries);
}

/// <summary>
/// Moves every element by plus or minus the full radius at random: a baseline with the same radius as an attack.
/// </summary>
public sealed record SignNoise : FixedBudgetAttack
{
    /// <inheritdoc/>
    public override string Name => "noise";

    /// <inheritdoc/>
    public override Access Needs => Access.Decisions;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.Linf];

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        Fill(s.Clean, s.Random, (s.Low, s.High), s.X);
        yield return Ask.Scores;
    }

    /// <summary>Adds noise to clips in 0 to 1 without evaluating a network.</summary>
    internal Tensor Perturb(Tensor clips, RandomStream random)
    {
        float[] noisy = new float[clips.Count];
        Fill(clips.AsSpan<float>(), random.Cursor(), (0, 1), noisy);
        return Tensor.From(noisy, clips.Shape);
    }

    private void Fill(ReadOnlySpan<float> clean, RandomCursor random, (float Low, float High) bounds, Span<float> noisy)
    {
        for (int i = 0; i < clean.Length; i++)
        {
            float edge = (random.NextUInt32() & 1) == 0
                ? Perturbations.Highest(clean[i], Epsilon)
                : Perturbations.Lowest(clean[i], Epsilon);
            noisy[i] = Math.Clamp(edge, bounds.Low, bounds.High);
        }
    }
}
