using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>A sample from which paths begin.</summary>
internal sealed class ProbedSample
{
    internal ProbedSample(AttackTarget target, int index, float[] clean, int label, RandomStream random)
    {
        (Index, Label, Shape, Clean, Low, High) =
            (index, label, target.SampleShape, clean, target.Minimum, target.Maximum);
        Diagonal = ((double)High - Low) * Math.Sqrt(clean.Length);
        Size = Math.Sqrt(clean.Sum(value => ((double)value - Low) * ((double)value - Low)));

        // By content, not by place: a sample gets the same directions whatever it is probed with.
        Random = random.Split((long)ContentHash.Of(clean, label));
    }

    /// <summary>Index among the samples that are probed.</summary>
    internal int Index { get; }

    internal float[] Clean { get; }

    internal int Label { get; }

    internal Shape Shape { get; }

    internal float Low { get; }

    internal float High { get; }

    /// <summary>Random numbers of this sample.</summary>
    internal RandomStream Random { get; }

    /// <summary>L2 length of the box's diagonal.</summary>
    internal double Diagonal { get; }

    /// <summary>L2 distance from the lower corner of the box.</summary>
    internal double Size { get; }

    /// <summary>Logit of the right class less the largest other one, at the sample itself.</summary>
    internal double CleanMargin { get; set; }

    /// <summary>Where samples of other classes are; null: not known.</summary>
    internal OtherClasses? Others { get; set; }
}

/// <summary>What is known of other classes around a sample.</summary>
/// <param name="Nearest">The nearest sample of another class.</param>
/// <param name="NearestMean">The nearest mean of another class.</param>
/// <param name="Distance">L2 distance of the nearest sample.</param>
internal sealed record OtherClasses(float[] Nearest, float[] NearestMean, double Distance);

/// <summary>FNV-1a over the bits of a sample and its label.</summary>
internal static class ContentHash
{
    internal static ulong Of(ReadOnlySpan<float> values, int label)
    {
        const ulong Prime = 1099511628211;
        ulong hash = (14695981039346656037 ^ (uint)label) * Prime;
        foreach (float value in values)
        {
            hash = (hash ^ BitConverter.SingleToUInt32Bits(value)) * Prime;
        }

        return hash;
    }
}
