using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>A network as the search found it.</summary>
/// <param name="Accuracy">Part of the validation samples that were right, 0 to 1.</param>
/// <param name="Weights">Weights that are not zero.</param>
/// <param name="Macs">Multiply-accumulate operations of a sample with weights that are not zero.</param>
/// <param name="Bytes">Size of the saved network.</param>
/// <param name="Milliseconds">Time of one sample, compiled for this processor.</param>
public sealed record NetworkFigures(double Accuracy, long Weights, long Macs, long Bytes, double Milliseconds)
{
    /// <summary>
    /// Mean operations of a sample whose weight and input are both not zero, zeros of the network's input counted; null
    /// where activations were not asked about.
    /// </summary>
    public double? ActiveMacs { get; init; }

    /// <summary>The number that a goal makes small.</summary>
    /// <param name="goal">The goal.</param>
    public double this[CompressionGoal goal] => goal switch
    {
        CompressionGoal.Macs => ActiveMacs ?? Macs,
        CompressionGoal.Weights => Weights,
        CompressionGoal.Bytes => Bytes,
        _ => Milliseconds,
    };
}

/// <summary>One amount of pruning that was tried.</summary>
/// <param name="Structure">What was removed.</param>
/// <param name="Kept">
/// Part that was kept: of the operations for channels, of the weights otherwise; behind the activations' stage, of the
/// operations with both factors not zero.
/// </param>
/// <param name="Network">The network, fine-tuned and shrunk.</param>
/// <param name="Figures">What it costs and gives, on the validation samples.</param>
/// <param name="IsWithinBound">Whether it loses no more than it may.</param>
public sealed record CompressionTrial(
    CompressionStructure Structure, double Kept, Network Network, NetworkFigures Figures, bool IsWithinBound)
{
    /// <summary>What was done to activations.</summary>
    public CompressionActivations Activations { get; init; }

    /// <summary>What a reader calls it.</summary>
    public string Label { get; init; } = Structure.ToString().ToLowerInvariant();
}

/// <summary>What compression gives.</summary>
/// <param name="Network">
/// The best network within the bound; where none is, the most accurate one that was found; the one that came in where
/// all are slower than it.
/// </param>
/// <param name="Before">The network that came in, on the validation samples.</param>
/// <param name="Chosen">The trial it comes from; null: the network that came in.</param>
/// <param name="Trials">Everything that was tried.</param>
/// <param name="IsWithinBound">Whether a smaller network within the bound was found.</param>
/// <param name="Remarks">What a reader has to know, in sentences.</param>
public sealed record CompressionResult(
    Network Network, NetworkFigures Before, CompressionTrial? Chosen, IReadOnlyList<CompressionTrial> Trials,
    bool IsWithinBound, IReadOnlyList<string> Remarks)
{
    /// <summary>
    /// Epochs for which a stage behind this one has time, of <see cref="CompressionOptions.LaterEpochs"/>; null: time
    /// was not bounded.
    /// </summary>
    public int? LaterEpochs { get; init; }

    /// <summary>What quantizing to 8 bit gave; null: it was not asked for.</summary>
    public Quantization.QuantizationOutcome? Quantization { get; init; }
}
