namespace Temper.Robustness.Attacks;

/// <summary>
/// Common image corruptions (after arXiv:1903.12261) in five strengths: noise, blur, contrast, brightness, low
/// frequencies as after JPEG compression, rotation and translation. A baseline for every attack: failures that occur
/// without an attacker.
/// </summary>
public sealed record Corruptions : MinimalAttack
{
    private const int Strengths = 5;

    /// <summary>Corruptions by name; each writes a corrupted picture to the search's current point.</summary>
    private static readonly (string Name, Action<Search, CleanPicture, int> Change)[] Families =
    [
        ("noise", Noise),
        ("blur", (s, clean, strength) => clean.Blur(0.4 * strength, s.X)),
        ("contrast", (s, clean, strength) => clean.Flatten(1 - (0.17 * strength), s.X)),
        ("brightness", (s, clean, strength) => clean.Brighten(0.1 * strength, s.X)),
        ("coarse", (s, clean, strength) => clean.Coarsen(8 - strength, s.X)),
        ("rotation", (s, clean, strength) => clean.Rotate(strength * Math.PI / 30, s.X)),
        ("translation", Translation),
    ];

    /// <inheritdoc/>
    public override string Name => "corruptions";

    /// <inheritdoc/>
    public override Access Needs => Access.Decisions;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <inheritdoc/>
    protected internal override bool AimsAtTarget => false;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.L2, Norm.Linf, Norm.L1];

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        if (s.Shape.Rank != 3)
        {
            throw new NotSupportedException($"corruptions: wrong input shape (got {s.Shape}, expected [C, H, W])");
        }

        var clean = new CleanPicture(s.Clean, s.Shape, s.Low, s.High);
        foreach ((string name, Action<Search, CleanPicture, int> change) in Families)
        {
            for (int strength = 1; strength <= Strengths; strength++)
            {
                s.Stage = name;
                change(s, clean, strength);
                Perturbations.Clip(s.X, s.Low, s.High);
                yield return Ask.Scores;
            }
        }
    }

    private static void Translation(Search s, CleanPicture clean, int strength)
    {
        double way = 0.03 * strength * clean.Side;
        clean.Shift(way, way, s.X);
    }

    private static void Noise(Search s, CleanPicture clean, int strength)
    {
        for (int i = 0; i < s.X.Length; i++)
        {
            s.X[i] = s.Random.NextGaussian();
        }

        clean.AddNoise(0.06 * strength, s.X);
    }
}
