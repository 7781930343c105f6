using System.Globalization;

namespace Temper.Inference;

/// <summary>Options of a <see cref="BatchingQueue"/>.</summary>
public sealed record BatchingOptions
{
    /// <summary>
    /// Maximum number of samples in a batch, 1 or more. A larger request is run alone, in parts of this size.
    /// Default: 32.
    /// </summary>
    public int MaxBatch { get; init; } = 32;

    /// <summary>Maximum number of waiting requests, 1 or more. Further requests are rejected. Default: 256.</summary>
    public int Capacity { get; init; } = 256;

    /// <summary>Number of threads per run; null: one per processor.</summary>
    public int? Threads { get; init; }

    internal BatchingOptions Validated()
    {
        Require(MaxBatch, nameof(MaxBatch));
        Require(Capacity, nameof(Capacity));
        Require(Threads ?? 1, nameof(Threads));
        return this;
    }

    private static void Require(int value, string name)
    {
        if (value < 1)
        {
            throw new ArgumentOutOfRangeException(name, string.Create(
                CultureInfo.InvariantCulture,
                $"BatchingOptions: {name} is out of range (got {value}, expected 1 or more)"));
        }
    }
}
