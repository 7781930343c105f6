using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Optimization;
using Temper.Tensors;
using Temper.Training.Evaluation;

namespace Temper.Training;

/// <summary>A loss to minimize, which also says whether targets are class labels.</summary>
public abstract record TrainingLoss : IFingerprinted
{
    /// <summary>Whether targets are class labels. Only then is accuracy defined.</summary>
    [JsonIgnore]
    public virtual bool IsClassification => false;

    /// <summary>Computes the loss of a batch.</summary>
    /// <param name="output">Output of the network, <c>[N, ...]</c>.</param>
    /// <param name="targets">Class labels, int64 <c>[N]</c>, or targets of the output's shape.</param>
    /// <returns>Scalar loss: the mean over the batch.</returns>
    public abstract Tensor Value(Tensor output, Tensor targets);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();

    /// <summary>
    /// Returns the weight of a batch in a mean over batches: its number of samples, or the sum of their class weights.
    /// </summary>
    internal virtual double WeightOf(Tensor targets) => targets.Shape[0];

    /// <summary>
    /// Counts the correctly classified samples of a batch: those whose largest output is at the label, and all of whose
    /// outputs are numbers. Returns 0 if targets are not class labels.
    /// </summary>
    internal int CountCorrect(Tensor output, Tensor targets)
    {
        if (!IsClassification)
        {
            return 0;
        }

        var rows = new ClassRows(output);
        ReadOnlySpan<long> labels = targets.AsSpan<long>();
        int correct = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            correct += rows.Predicted(i) == labels[i] ? 1 : 0;
        }

        return correct;
    }
}

/// <summary>Cross-entropy of logits <c>[N, K]</c> and class labels.</summary>
public sealed record CrossEntropyLoss : TrainingLoss
{
    /// <summary>Label smoothing: fraction of the target distributed evenly over all classes, 0 to 1.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Weight of each class, <c>[K]</c>; null: all 1.</summary>
    public IReadOnlyList<float>? ClassWeights { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsClassification => true;

    /// <inheritdoc/>
    public override Tensor Value(Tensor output, Tensor targets) =>
        output.CrossEntropy(
            targets, new CrossEntropyOptions { LabelSmoothing = LabelSmoothing, ClassWeights = ClassWeights });

    /// <inheritdoc/>
    public override JsonNode Fingerprint() =>
        JsonSerializer.SerializeToNode(this, TrainingJson.Default.CrossEntropyLoss)!;

    internal override double WeightOf(Tensor targets)
    {
        if (ClassWeights is null)
        {
            return base.WeightOf(targets);
        }

        double sum = 0;
        foreach (long label in targets.AsSpan<long>())
        {
            sum += ClassWeights[(int)label];
        }

        return sum;
    }
}

/// <summary>Mean squared difference between the output and targets of the output's shape, for regression.</summary>
public sealed record MeanSquaredErrorLoss : TrainingLoss
{
    /// <inheritdoc/>
    public override Tensor Value(Tensor output, Tensor targets) => output.MeanSquaredError(targets);

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject();
}

/// <summary>
/// Binary cross-entropy of logits and targets (0 to 1) of the output's shape, for several labels per sample.
/// </summary>
public sealed record BinaryCrossEntropyLoss : TrainingLoss
{
    /// <inheritdoc/>
    public override Tensor Value(Tensor output, Tensor targets) => output.BinaryCrossEntropyWithLogits(targets);

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject();
}
