using Temper.Robustness.Attacks;

namespace Temper.Robustness.Feedback;

/// <summary>One way away from a sample. At t = 0 lies the sample itself; every point is within the bounds.</summary>
/// <param name="sample">Where the path begins.</param>
internal abstract class ProbePath(ProbedSample sample)
{
    internal ProbedSample Sample => sample;

    /// <summary>Largest t, the cap T of the search.</summary>
    internal abstract double Limit { get; }

    /// <summary>About the first t that is tried.</summary>
    internal abstract double First { get; }

    /// <summary>The point at t.</summary>
    internal abstract void At(double t, Span<float> x);

    /// <summary>Gives back what can be made again.</summary>
    internal virtual void Release()
    {
    }

    /// <summary>L2 distance of the point at t from the sample: what is left of t after clipping.</summary>
    internal double Length(double t)
    {
        float[] x = new float[sample.Clean.Length];
        At(t, x);
        return Perturbations.Distance(Norm.L2, x, sample.Clean);
    }
}

/// <summary>x(t) = clip(x + t u) with a unit direction u.</summary>
/// <param name="sample">Where the ray begins.</param>
/// <param name="direction">Gives u, the same each time; zeros where there is no direction.</param>
internal sealed class Ray(ProbedSample sample, Func<float[]> direction) : ProbePath(sample)
{
    private const double FirstPart = 0.05;

    private float[]? _direction;

    /// <summary>The diagonal of the box.</summary>
    internal override double Limit => Sample.Diagonal;

    internal override double First => FirstPart * Math.Max(Sample.Size, FirstPart * Sample.Diagonal);

    /// <summary>A ray along a vector of any length.</summary>
    internal static Ray Along(ProbedSample sample, float[] vector)
    {
        Normalize(vector);
        return new Ray(sample, () => vector);
    }

    internal static void Normalize(float[] vector)
    {
        double length = Perturbations.Length(vector);
        double factor = length > 0 ? 1 / length : 0;
        for (int i = 0; i < vector.Length; i++)
        {
            vector[i] = (float)(vector[i] * factor);
        }
    }

    internal override void At(double t, Span<float> x)
    {
        _direction ??= direction();
        Sample.Clean.CopyTo(x);
        Perturbations.AddScaled(x, _direction, t);
        Perturbations.Clip(x, Sample.Low, Sample.High);
    }

    internal override void Release() => _direction = null;
}
