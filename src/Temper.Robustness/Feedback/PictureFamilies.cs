using Temper.Randomness;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Feedback;

/// <summary>An everyday change of a picture whose severity grows from 0 to 1.</summary>
public abstract record PictureFamily : DirectionFamily
{
    private protected PictureFamily()
    {
    }

    /// <inheritdoc/>
    public sealed override bool IsRay => false;

    /// <summary>Puts a changed picture into <paramref name="x"/>; bounds are seen to afterwards.</summary>
    /// <param name="clean">The picture.</param>
    /// <param name="random">Its random numbers, the same for each severity.</param>
    /// <param name="severity">0: unchanged, to 1.</param>
    /// <param name="x">Receives the picture.</param>
    internal abstract void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x);

    private protected sealed override ProbePath PathOf(ProbedSample sample, int index) => new Path(this, sample, StreamOf(sample, index));

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

/// <summary>A shift by up to a quarter of the picture, in a direction of the sample's own.</summary>
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

/// <summary>A rotation by up to 45 degrees, to a side of the sample's own.</summary>
public sealed record RotationPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "rotation";

    internal override void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x) =>
        clean.Rotate(severity * Math.PI / 4 * (random.Cursor().NextBoolean() ? 1 : -1), x);
}

/// <summary>A Gaussian blur whose deviation grows up to an eighth of the picture.</summary>
public sealed record BlurPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "blur";

    internal override void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x) => clean.Blur(severity * clean.Side / 8, x);
}

/// <summary>Brighter by up to half of the range.</summary>
public sealed record BrightnessPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "brightness";

    internal override void Change(CleanPicture clean, RandomStream random, double severity, Span<float> x) => clean.Brighten(severity / 2, x);
}

/// <summary>Gaussian noise, one draw for a sample, whose deviation grows up to half of the range.</summary>
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
