using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;

namespace Temper.Robustness.Feedback;

/// <summary>
/// The search along one path of one sample; the runner joins the questions of many searches into batches.
/// </summary>
internal sealed class ProbeSearch
{
    internal ProbeSearch(ProbedSample sample, int classes)
    {
        (Sample, X, Logits) = (sample, new float[sample.Clean.Length], new float[classes]);
    }

    internal ProbedSample Sample { get; }

    /// <summary>The point asked about.</summary>
    internal float[] X { get; }

    internal float[] Logits { get; }

    /// <summary>
    /// Gradient of the margin loss (largest other logit less the right one) at <see cref="X"/>; empty until it is asked
    /// for.
    /// </summary>
    internal float[] Gradient { get; private set; } = [];

    /// <summary>Logit of the right class less the largest other one at <see cref="X"/>.</summary>
    internal double Margin { get; private set; }

    /// <summary>The winning class at <see cref="X"/>.</summary>
    internal int Winner { get; private set; }

    /// <summary>Whether another class wins. A tie is no exit: it would depend on rounding.</summary>
    internal bool IsOutside => Margin < 0;

    internal BoundaryPoint? Found { get; set; }

    internal int Forwards { get; private set; }

    internal int Backwards { get; private set; }

    /// <summary>Room for a gradient.</summary>
    internal Span<float> GradientRoom()
    {
        Gradient = Gradient.Length == 0 ? new float[X.Length] : Gradient;
        return Gradient;
    }

    /// <summary>Takes an answer: logits are there, and the gradient where it was asked for.</summary>
    internal void Take(Ask ask)
    {
        Forwards++;
        Backwards += ask == Ask.Gradient ? 1 : 0;
        (Margin, Winner) = MarginOf(Logits, Sample.Label, Sample.Index);
    }

    internal static (double Margin, int Winner) MarginOf(ReadOnlySpan<float> logits, int label, int sample)
    {
        double margin = (double)logits[label] - Criterion.LargestOther(logits, label);
        return double.IsFinite(margin)
            ? (margin, System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits))
            : throw new InvalidDataException(
                $"probe: logits of sample {sample} are not finite; the network cannot be measured");
    }
}

/// <summary>Where a path leaves its class.</summary>
/// <param name="Path">The path.</param>
/// <param name="T">The smallest t that was found outside the class; the cap where none was.</param>
/// <param name="Exited">Whether the path leaves the class.</param>
/// <param name="IsIsland">Whether the grid found an exit that doubling had stepped over.</param>
/// <param name="Winner">The class behind the boundary; the sample's own where there is no exit.</param>
internal sealed record BoundaryPoint(ProbePath Path, double T, bool Exited, bool IsIsland, int Winner);
