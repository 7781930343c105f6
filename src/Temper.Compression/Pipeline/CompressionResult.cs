using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>Figures of a network measured during the search.</summary>
/// <param name="Accuracy">Fraction of validation samples classified correctly, 0 to 1.</param>
/// <param name="Weights">Number of nonzero weights.</param>
/// <param name="Macs">Multiply-accumulates per sample, counting only nonzero weights.</param>
/// <param name="Bytes">Size of the saved network in bytes.</param>
/// <param name="Milliseconds">Time of one sample in milliseconds, compiled for this processor.</param>
public sealed record NetworkFigures(double Accuracy, long Weights, long Macs, long Bytes, double Milliseconds)
{
    /// <summary>
    /// Mean multiply-accumulates per sample with nonzero weight and nonzero input, where zeros of the network's input
    /// count as nonzero; null if activations are not thinned.
    /// </summary>
    public double? ActiveMacs { get; init; }

    /// <summary>Gets the figure that a goal minimizes.</summary>
    /// <param name="goal">The goal.</param>
    public double this[CompressionGoal goal] => goal switch
    {
        CompressionGoal.Macs => ActiveMacs ?? Macs,
        CompressionGoal.Weights => Weights,
        CompressionGoal.Bytes => Bytes,
        _ => Milliseconds,
    };
}

/// <summary>One pruning ratio that was tried.</summary>
/// <param name="Structure">What was removed.</param>
/// <param name="Kept">
/// Fraction kept: of the MACs for channels, of the weights otherwise. After the activation stage, of the MACs with
/// nonzero weight and nonzero input.
/// </param>
/// <param name="Network">The network, fine-tuned and shrunk.</param>
/// <param name="Figures">Figures of the network, with the accuracy on the validation samples.</param>
/// <param name="IsWithinBound">Whether the loss of accuracy is within the bound.</param>
public sealed record CompressionTrial(
    CompressionStructure Structure, double Kept, Network Network, NetworkFigures Figures, bool IsWithinBound)
{
    /// <summary>What was done to activations.</summary>
    public CompressionActivations Activations { get; init; }

    /// <summary>Display name.</summary>
    public string Label { get; init; } = Structure.ToString().ToLowerInvariant();
}

/// <summary>Result of a compression.</summary>
/// <param name="Network">
/// The best network within the bound; the most accurate trial if none is; the original network if all are slower.
/// </param>
/// <param name="Before">Figures of the original network, on the validation samples.</param>
/// <param name="Chosen">The trial that gave <paramref name="Network"/>; null: it is the original network.</param>
/// <param name="Trials">All trials.</param>
/// <param name="IsWithinBound">
/// Whether <paramref name="Network"/> is within the bound on accuracy. True also when the original network is kept,
/// except when there was no time for a trial.
/// </param>
/// <param name="Remarks">Remarks for the reader, as sentences.</param>
public sealed record CompressionResult(
    Network Network, NetworkFigures Before, CompressionTrial? Chosen, IReadOnlyList<CompressionTrial> Trials,
    bool IsWithinBound, IReadOnlyList<string> Remarks)
{
    /// <summary>
    /// Number of epochs, of <see cref="CompressionOptions.LaterEpochs"/>, for which a later stage has time; null: time
    /// was not limited.
    /// </summary>
    public int? LaterEpochs { get; init; }

    /// <summary>
    /// Whether accuracies are the agreement with the original network, because no labels were read.
    /// </summary>
    internal bool IsAgreement { get; init; }

    /// <summary>Outcome of quantization to 8 bits; null: not requested.</summary>
    public Quantization.QuantizationOutcome? Quantization { get; init; }
}
