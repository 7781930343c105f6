using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>A sample to probe.</summary>
internal sealed class ProbedSample
{
    internal ProbedSample(AttackTarget target, int index, float[] clean, int label, RandomStream random)
    {
        (Index, Label, Shape, Clean, Low, High) =
            (index, label, target.SampleShape, clean, target.Minimum, target.Maximum);
        Diagonal = ((double)High - Low) * Math.Sqrt(clean.Length);
        Size = Math.Sqrt(clean.Sum(value => ((double)value - Low) * ((double)value - Low)));

        // Hashed by content, not by index, so that a sample gets the same directions in any batch.
        Random = random.Split((long)ContentHash.Of(clean, label));
    }

    /// <summary>Index among the samples to probe.</summary>
    internal int Index { get; }

    internal float[] Clean { get; }

    internal int Label { get; }

    internal Shape Shape { get; }

    internal float Low { get; }

    internal float High { get; }

    /// <summary>Random stream of this sample.</summary>
    internal RandomStream Random { get; }

    /// <summary>Length of the diagonal of the input box in the 2-norm.</summary>
    internal double Diagonal { get; }

    /// <summary>L2 distance from the lower corner of the input box.</summary>
    internal double Size { get; }

    /// <summary>Logit of the true class minus the largest other logit, for the clean sample.</summary>
    internal double CleanMargin { get; set; }

    /// <summary>Nearest samples of other classes; null: unknown.</summary>
    internal OtherClasses? Others { get; set; }
}

/// <summary>The nearest representatives of other classes.</summary>
/// <param name="Nearest">Nearest sample of another class.</param>
/// <param name="NearestMean">Nearest class mean of another class.</param>
/// <param name="Distance">L2 distance of the nearest sample.</param>
internal sealed record OtherClasses(float[] Nearest, float[] NearestMean, double Distance);
