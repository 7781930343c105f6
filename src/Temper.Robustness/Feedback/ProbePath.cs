using Temper.Robustness.Attacks;

namespace Temper.Robustness.Feedback;

/// <summary>A path x(t) away from a sample, which lies at t = 0. All points are within the input bounds.</summary>
/// <param name="sample">Start of the path.</param>
internal abstract class ProbePath(ProbedSample sample)
{
    internal ProbedSample Sample => sample;

    /// <summary>Largest t: the cap T of the search.</summary>
    internal abstract double Limit { get; }

    /// <summary>Approximate first t to try.</summary>
    internal abstract double First { get; }

    /// <summary>Computes the point at t.</summary>
    internal abstract void At(double t, Span<float> x);

    /// <summary>Frees data that can be recomputed.</summary>
    internal virtual void Release()
    {
    }

    /// <summary>
    /// Returns the L2 distance of the point at t from the sample, which clipping can make smaller than t.
    /// </summary>
    internal double Length(double t)
    {
        float[] x = new float[sample.Clean.Length];
        At(t, x);
        return Perturbations.Distance(Norm.L2, x, sample.Clean);
    }
}

/// <summary>A ray x(t) = clip(x + t u) with a unit direction u.</summary>
/// <param name="sample">Start of the ray.</param>
/// <param name="direction">Computes u, always the same; zeros if there is no direction.</param>
internal sealed class Ray(ProbedSample sample, Func<float[]> direction) : ProbePath(sample)
{
    private const double FirstPart = 0.05;

    private float[]? _direction;

    /// <summary>Length of the diagonal of the input box.</summary>
    internal override double Limit => Sample.Diagonal;

    internal override double First => FirstPart * Math.Max(Sample.Size, FirstPart * Sample.Diagonal);

    /// <summary>Creates a ray along a vector, which is normalized in place.</summary>
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
