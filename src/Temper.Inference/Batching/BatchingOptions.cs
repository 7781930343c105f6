namespace Temper.Inference;

/// <summary>How a <see cref="BatchingQueue"/> works.</summary>
public sealed record BatchingOptions
{
    /// <summary>Samples that are run together at most, 1 or more; a request with more is run by itself.</summary>
    public int MaxBatch { get; init; } = 32;

    /// <summary>Requests that may wait, 1 or more; further ones are refused.</summary>
    public int Capacity { get; init; } = 256;

    /// <summary>Threads that work on a run; null: one a processor.</summary>
    public int? Threads { get; init; }
}
