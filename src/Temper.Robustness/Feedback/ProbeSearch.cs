using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;

namespace Temper.Robustness.Feedback;

/// <summary>
/// The search along one path of one sample; the runner combines the queries of many searches into batches.
/// </summary>
internal sealed class ProbeSearch
{
    internal ProbeSearch(ProbedSample sample, int classes)
    {
        (Sample, X, Logits) = (sample, new float[sample.Clean.Length], new float[classes]);
    }

    internal ProbedSample Sample { get; }

    /// <summary>Point to evaluate.</summary>
    internal float[] X { get; }

    internal float[] Logits { get; }

    /// <summary>
    /// Gradient of the margin loss (largest other logit minus the true logit) at <see cref="X"/>; empty until first
    /// requested.
    /// </summary>
    internal float[] Gradient { get; private set; } = [];

    /// <summary>Logit of the true class minus the largest other logit at <see cref="X"/>.</summary>
    internal double Margin { get; private set; }

    /// <summary>Predicted class at <see cref="X"/>.</summary>
    internal int Winner { get; private set; }

    /// <summary>
    /// Whether another class is predicted. A tie does not count, since its outcome would depend on rounding.
    /// </summary>
    internal bool IsOutside => Margin < 0;

    internal BoundaryPoint? Found { get; set; }

    /// <summary>Whether the direction was to follow the gradient at the sample, which is zero or not finite.</summary>
    internal bool LacksGradient { get; set; }

    internal int Forwards { get; private set; }

    internal int Backwards { get; private set; }

    /// <summary>Returns the buffer for the gradient.</summary>
    internal Span<float> GradientBuffer()
    {
        Gradient = Gradient.Length == 0 ? new float[X.Length] : Gradient;
        return Gradient;
    }

    /// <summary>Processes the result of a query; the logits and, if requested, the gradient are already set.</summary>
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
            ? (margin, TensorPrimitives.IndexOfMax(logits))
            : throw new InvalidDataException(
                $"probe: logits of sample {sample} are not finite; the network cannot be measured");
    }
}

/// <summary>The point at which a path leaves its class.</summary>
/// <param name="Path">Path that was searched.</param>
/// <param name="T">Smallest t found outside the class; the cap if there is none.</param>
/// <param name="Exited">Whether the path leaves the class.</param>
/// <param name="IsIsland">Whether the grid found an exit that doubling skipped.</param>
/// <param name="Winner">Predicted class beyond the boundary; the sample's own class if there is no exit.</param>
internal sealed record BoundaryPoint(ProbePath Path, double T, bool Exited, bool IsIsland, int Winner);
