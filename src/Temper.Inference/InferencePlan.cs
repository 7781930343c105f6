using System.Globalization;
using System.Text;

namespace Temper.Inference;

/// <summary>Describes how a compiled network runs a batch: its steps in execution order.</summary>
public sealed record InferencePlan
{
    /// <summary>Batch size.</summary>
    public required int Batch { get; init; }

    /// <summary>
    /// Number of samples that go through the steps together. If it equals <see cref="Batch"/>, each step uses all
    /// threads. If it is less, the batch is split into parts of this size, each run on one thread, several in parallel;
    /// MACs and times of the steps are then those of one part.
    /// </summary>
    public required int PartSize { get; init; }

    /// <summary>Layers and the layout changes between them, in execution order.</summary>
    public required IReadOnlyList<InferenceStep> Steps { get; init; }

    /// <summary>Size of the packed weights, in bytes.</summary>
    public long WeightBytes => Steps.Sum(step => step.WeightBytes);

    /// <summary>Formats the plan as a table with one line per step.</summary>
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
    /// <summary>Name of the layer, which is the name of its first node; empty for a change of layout.</summary>
    public required string Name { get; init; }

    /// <summary>Kind of the layer, such as <c>conv 3x3</c>; <c>order</c> for a change of layout.</summary>
    public required string Kind { get; init; }

    /// <summary>Name of the kernel.</summary>
    public required string Kernel { get; init; }

    /// <summary>Layout of the result in memory.</summary>
    public required string Order { get; init; }

    /// <summary>Fraction of the weights that are zero, 0 to 1; null if the step has no weights.</summary>
    public double? Sparsity { get; init; }

    /// <summary>
    /// Multiply-accumulates for the batch, or for one part of it; multiplications by zero weights are counted.
    /// </summary>
    public long Macs { get; init; }

    /// <summary>Size of the packed weights, in bytes.</summary>
    public long WeightBytes { get; init; }

    /// <summary>
    /// Estimated time in seconds, from the cost model that selects kernels if they are not timed. Peak speed is assumed
    /// to be two fused multiply-adds of a vector per cycle at 3 GHz. Use it only to compare kernels, not to predict run
    /// times.
    /// </summary>
    public double PredictedSeconds { get; init; }

    /// <summary>Shortest measured time in seconds; null if not measured.</summary>
    public double? Seconds { get; init; }
}
