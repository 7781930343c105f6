namespace Temper.Robustness.Feedback;

/// <summary>The result of probing one path of one sample.</summary>
/// <param name="Sample">Index of the sample.</param>
/// <param name="Label">True class of the sample.</param>
/// <param name="Family">Name of the family of directions.</param>
/// <param name="Distance">
/// Distance of the exit: for rays the L2 distance after clipping, for corruptions the severity, 0 to 1. At the cap if
/// there is no exit.
/// </param>
/// <param name="Length">L2 distance of the exit, also for corruptions.</param>
/// <param name="Exited">Whether the path leaves the class before its cap.</param>
/// <param name="IsIsland">
/// Whether the path enters its class again after the exit, so that doubling alone would have missed the exit.
/// </param>
/// <param name="Winner">Predicted class beyond the boundary; the sample's own class if there is no exit.</param>
/// <param name="Forwards">Number of forward passes.</param>
/// <param name="Backwards">Number of backward passes.</param>
public sealed record ProbedPath(
    int Sample, int Label, string Family, double Distance, double Length, bool Exited, bool IsIsland, int Winner,
    int Forwards, int Backwards)
{
    /// <summary>Point at which the path leaves the class.</summary>
    internal BoundaryPoint? Point { get; init; }

    /// <summary>Whether the path has no direction, because the gradient at the sample is zero or not finite.</summary>
    internal bool LacksGradient { get; init; }
}

/// <summary>The result of a probe.</summary>
/// <param name="Labels">True class of each sample.</param>
/// <param name="Predictions">Predicted class of each sample.</param>
/// <param name="Families">Measured families.</param>
/// <param name="Paths">
/// Results of the paths of all correctly classified samples, ordered by sample, then by family.
/// </param>
/// <param name="Classes">Number of classes, K.</param>
public sealed record ProbeResult(
    IReadOnlyList<int> Labels, IReadOnlyList<int> Predictions, IReadOnlyList<DirectionFamily> Families,
    IReadOnlyList<ProbedPath> Paths, int Classes)
{
    /// <summary>Fraction of samples classified correctly, 0 to 1; NaN without samples.</summary>
    public double Accuracy => Labels.Count == 0
        ? double.NaN
        : Labels.Zip(Predictions).Count(pair => pair.First == pair.Second) / (double)Labels.Count;

    /// <summary>Number of forward passes of single samples.</summary>
    public long Forwards => Labels.Count + Paths.Sum(path => (long)path.Forwards);

    /// <summary>Number of backward passes of single samples.</summary>
    public long Backwards => Paths.Sum(path => (long)path.Backwards);
}
