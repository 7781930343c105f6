namespace Temper.Robustness.Feedback;

/// <summary>How the decision space is measured.</summary>
public sealed record ProbeOptions
{
    /// <summary>The families to measure; null: all that the target and the samples allow.</summary>
    public IReadOnlyList<DirectionFamily>? Families { get; init; }

    /// <summary>Points of the grid that looks for exits which doubling stepped over; two or more.</summary>
    public int GridPoints { get; init; } = 16;

    /// <summary>Most forward passes that narrow a bracket; one or more.</summary>
    public int Bisections { get; init; } = 12;

    /// <summary>Paths that are searched at a time; one or more. Decides memory and speed, not results.</summary>
    public int BatchSize { get; init; } = 512;

    internal ProbeOptions Validated()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(GridPoints, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(Bisections, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        return this;
    }
}
