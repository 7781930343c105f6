using Temper.Randomness;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Feedback;

/// <summary>A common corruption of a picture, with a severity from 0 to 1.</summary>
public abstract record PictureFamily : DirectionFamily
{
    private protected PictureFamily()
    {
    }

    /// <inheritdoc/>
    public sealed override bool IsRay => false;

    /// <summary>Writes a corrupted picture to <paramref name="x"/>; the caller clips it to the bounds.</summary>
    /// <param name="clean">Original picture.</param>
    /// <param name="random">Random stream, the same for every severity.</param>
    /// <param name="severity">Severity from 0 (unchanged) to 1.</param>
    /// <param name="x">Receives the corrupted picture.</param>
    internal abstract void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x);

    private protected sealed override ProbePath PathOf(ProbedSample sample, int index) =>
        new Path(this, sample, StreamOf(sample, index));

    private sealed class Path(PictureFamily family, ProbedSample sample, RandomStream random) : ProbePath(sample)
    {
        internal override double Limit => 1;

        internal override double First => 1.0 / 16;

        internal override void At(double t, Span<float> x)
        {
            family.Change(new CleanPicture(Sample.Clean, Sample.Shape, Sample.Low, Sample.High), random, t, x);
            Perturbations.Clip(x, Sample.Low, Sample.High);
        }
    }
}

/// <summary>A shift by up to a quarter of the shorter side, in a random direction per sample.</summary>
public sealed record TranslationPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "translation";

    internal override void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x)
    {
        double angle = 2 * Math.PI * random.Cursor().NextDouble(), way = severity * clean.Side / 4;
        clean.Shift(way * Math.Sin(angle), way * Math.Cos(angle), x);
    }
}

/// <summary>A rotation by up to 45 degrees, randomly to the left or right per sample.</summary>
public sealed record RotationPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "rotation";

    internal override void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x) =>
        clean.Rotate(severity * Math.PI / 4 * (random.Cursor().NextBoolean() ? 1 : -1), x);
}

/// <summary>A Gaussian blur with a standard deviation of up to an eighth of the shorter side.</summary>
public sealed record BlurPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "blur";

    internal override void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x) =>
        clean.Blur(severity * clean.Side / 8, x);
}

/// <summary>An increase in brightness by up to half of the value range.</summary>
public sealed record BrightnessPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "brightness";

    internal override void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x) =>
        clean.Brighten(severity / 2, x);
}

/// <summary>
/// Gaussian noise, drawn once per sample, with a standard deviation of up to half of the value range.
/// </summary>
public sealed record NoisePath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "noise";

    internal override void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x)
    {
        random.FillGaussian(x);
        clean.AddNoise(severity / 2, x);
    }
}
