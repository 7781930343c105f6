using System.Globalization;
using System.Text;

namespace Temper.Inference;

/// <summary>How a compiled network runs batches of some sizes: its steps in order.</summary>
public sealed record InferencePlan
{
    /// <summary>Batch size.</summary>
    public required int Batch { get; init; }

    /// <summary>
    /// Samples that go through the steps together: all of the batch, each step on all threads, or a part of it, each
    /// part on one thread, several parts at a time. Multiplications and times of the steps are those of one part.
    /// </summary>
    public required int PartSize { get; init; }

    /// <summary>Layers and, between them, changes of the layout.</summary>
    public required IReadOnlyList<InferenceStep> Steps { get; init; }

    /// <summary>Bytes that packed weights take.</summary>
    public long WeightBytes => Steps.Sum(step => step.WeightBytes);

    /// <summary>A table, a line for each step.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (PartSize < Batch)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture, $"in parts of {PartSize} samples, each on one thread; one part:");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"{"layer",-28} {"kind",-14} {"kernel",-20} {"order",-14} "
            + $"{"zeros",6} {"MACs",13} {"expected ms",11} {"ms",9}");
        foreach (InferenceStep step in Steps)
        {
            string zeros = step.Sparsity is { } sparsity
                ? sparsity.ToString("P1", CultureInfo.InvariantCulture).Replace(" ", "", StringComparison.Ordinal)
                : "";
            string time = step.Seconds is { } seconds ? Milliseconds(seconds) : "";
            text.AppendLine(CultureInfo.InvariantCulture, $"{step.Name,-28} {step.Kind,-14} {step.Kernel,-20} "
                + $"{step.Order,-14} {zeros,6} {step.Macs,13} {Milliseconds(step.PredictedSeconds),11} {time,9}");
        }

        return text.ToString();
    }

    private static string Milliseconds(double seconds) => (seconds * 1000).ToString("F4", CultureInfo.InvariantCulture);
}

/// <summary>One step of a plan.</summary>
public sealed record InferenceStep
{
    /// <summary>The layer's name: that of its first node; of a change of the layout, the value's.</summary>
    public required string Name { get; init; }

    /// <summary>What it computes.</summary>
    public required string Kind { get; init; }

    /// <summary>The kernel that carries it out.</summary>
    public required string Kernel { get; init; }

    /// <summary>Layout of its result in memory.</summary>
    public required string Order { get; init; }

    /// <summary>Fraction of its weights that are zero, 0 to 1; null where there are none.</summary>
    public double? Sparsity { get; init; }

    /// <summary>Multiplications for the batch, or for a part of it, those with zeros counted.</summary>
    public long Macs { get; init; }

    /// <summary>Bytes that its packed weights take.</summary>
    public long WeightBytes { get; init; }

    /// <summary>
    /// The seconds that it was thought to take, by the estimate that chooses kernels where none are timed: two fused
    /// multiplications of a vector in each cycle of a 3 GHz processor are full speed. For comparing kernels with one
    /// another, not for promises.
    /// </summary>
    public double PredictedSeconds { get; init; }

    /// <summary>Shortest measured time in seconds; null if not measured.</summary>
    public double? Seconds { get; init; }
}
