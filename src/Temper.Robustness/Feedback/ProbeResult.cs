namespace Temper.Robustness.Feedback;

/// <summary>What was found along one path of one sample.</summary>
/// <param name="Sample">Index of the sample.</param>
/// <param name="Label">Its class.</param>
/// <param name="Family">Name of the family of directions.</param>
/// <param name="Distance">
/// Rays: L2 distance of the exit after clipping. Changes of pictures: severity, 0 to 1. At the cap where there is no
/// exit.
/// </param>
/// <param name="Length">L2 distance of the exit, for changes of pictures too.</param>
/// <param name="Exited">Whether the path leaves the class before its cap.</param>
/// <param name="IsIsland">
/// Whether the exit lies before points that are inside again: doubling alone would have missed it.
/// </param>
/// <param name="Winner">The class behind the boundary; the sample's own where there is no exit.</param>
/// <param name="Forwards">Forward passes.</param>
/// <param name="Backwards">Backward passes.</param>
public sealed record ProbedPath(
    int Sample, int Label, string Family, double Distance, double Length, bool Exited, bool IsIsland, int Winner,
    int Forwards, int Backwards)
{
    /// <summary>Where the path left the class.</summary>
    internal BoundaryPoint? Point { get; init; }
}

/// <summary>What a probe found.</summary>
/// <param name="Labels">The right class of each sample.</param>
/// <param name="Predictions">The network's answer to each.</param>
/// <param name="Families">The families that were measured.</param>
/// <param name="Paths">
/// One row for each path of each sample that the network has right: by sample, then by family.
/// </param>
/// <param name="Classes">Number of classes, K.</param>
public sealed record ProbeResult(
    IReadOnlyList<int> Labels, IReadOnlyList<int> Predictions, IReadOnlyList<DirectionFamily> Families,
    IReadOnlyList<ProbedPath> Paths, int Classes)
{
    /// <summary>Part of the samples that the network has right, 0 to 1; NaN without samples.</summary>
    public double Accuracy => Labels.Count == 0 ? double.NaN : Labels.Zip(Predictions)
        .Count(pair => pair.First == pair.Second) / (double)Labels.Count;

    /// <summary>Forward passes of single samples.</summary>
    public long Forwards => Labels.Count + Paths.Sum(path => (long)path.Forwards);

    /// <summary>Backward passes of single samples.</summary>
    public long Backwards => Paths.Sum(path => (long)path.Backwards);
}
