namespace Temper.Robustness.Feedback;

/// <summary>Options for measuring the decision space.</summary>
public sealed record ProbeOptions
{
    /// <summary>Families to measure; null: all that the target and the reference samples allow.</summary>
    public IReadOnlyList<DirectionFamily>? Families { get; init; }

    /// <summary>Number of grid points used to find exits that doubling skipped, two or more.</summary>
    public int GridPoints { get; init; } = 16;

    /// <summary>Maximum number of forward passes that narrow a bracket, one or more.</summary>
    public int Bisections { get; init; } = 12;

    /// <summary>Number of paths searched concurrently, one or more. Affects memory and speed, not results.</summary>
    public int BatchSize { get; init; } = 512;

    internal ProbeOptions Validated()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(GridPoints, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(Bisections, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        return this;
    }
}
