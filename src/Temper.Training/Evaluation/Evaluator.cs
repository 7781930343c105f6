using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training.Evaluation;

/// <summary>Loss and accuracy of a network on a data set.</summary>
/// <param name="Count">Number of samples.</param>
/// <param name="Loss">Mean loss over the samples.</param>
/// <param name="Accuracy">
/// Fraction of correct predictions, 0 to 1; NaN if the targets are not class labels. A sample with an output that is
/// not a number counts as wrong.
/// </param>
/// <param name="Confusion">Confusion matrix; null if the targets are not class labels.</param>
public sealed record EvaluationResult(int Count, double Loss, double Accuracy, ConfusionMatrix? Confusion)
{
    /// <summary>
    /// The predicted class of each sample and its probability (0 to 1), in the order of the samples; class -1 and NaN
    /// if an output is not a number; empty if the targets are not class labels.
    /// </summary>
    public IReadOnlyList<(int Predicted, float Probability)> Answers { get; init; } = [];

    /// <summary>
    /// Whether each sample is classified correctly, in the order of the samples; empty if the targets are not class
    /// labels.
    /// </summary>
    public IReadOnlyList<bool> IsRight { get; init; } = [];
}

/// <summary>Measures the loss and accuracy of networks.</summary>
public static class Evaluator
{
    /// <summary>Runs all samples through a network in evaluation mode.</summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="dataset">Samples that match the network's input shape.</param>
    /// <param name="loss">The loss to report; null: cross-entropy.</param>
    /// <param name="batchSize">
    /// Samples per batch; changes the result only by rounding. For a network with a fixed batch size it is rounded up
    /// to a multiple of that size.
    /// </param>
    /// <param name="cancel">Cancels the evaluation.</param>
    /// <exception cref="ArgumentException">
    /// There are no samples, the network mixes the samples of a batch, or the number of samples is not a multiple of
    /// the network's fixed batch size.
    /// </exception>
    /// <exception cref="ShapeMismatchException">The samples do not match the network's input shape.</exception>
    /// <exception cref="OperationCanceledException">The evaluation was canceled.</exception>
    public static EvaluationResult Evaluate(
        Network network, Dataset dataset, TrainingLoss? loss = null, int batchSize = 256,
        CancellationToken cancel = default) =>
        Evaluate(network, dataset, loss, TrainingRanks.One, batchSize, cancel);

    /// <summary>
    /// Runs all samples with the batches distributed over the ranks round-robin. Results are combined in the order of
    /// the batches, so they are bit-identical for any number of ranks. All ranks must call this method.
    /// </summary>
    internal static EvaluationResult Evaluate(
        Network network, Dataset dataset, TrainingLoss? loss, TrainingRanks ranks, int batchSize = 256,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(dataset);
        loss ??= new CrossEntropyLoss();
        batchSize = Rounded(network.Batch, batchSize, dataset);
        var loading = new DataLoaderOptions { BatchSize = batchSize, Turn = ranks.Part };
        var loader = new DataLoader(dataset, loading, RandomStream.FromSeed(0));
        double[] losses = new double[loader.BatchCount];                // sum of the sample losses, per batch
        double[] weights = new double[loader.BatchCount];
        var answers = new (int Predicted, float Probability)[loss.IsClassification ? dataset.Count : 0];
        ConfusionMatrix? confusion = null;
        foreach (Batch batch in loader.Epoch(0))
        {
            cancel.ThrowIfCancellationRequested();
            Tensor output = FixedBatch.Run(network, [batch.Inputs])[0];
            double value = loss.Value(output, batch.Targets).ToScalar(), weight = loss.WeightOf(batch.Targets);
            (losses[batch.Index], weights[batch.Index]) = (weight > 0 ? value * weight : 0, weight);
            if (loss.IsClassification)
            {
                confusion ??= new ConfusionMatrix(output.Shape[-1]);
                AddRows(confusion, output, batch.Targets.AsSpan<long>());
                AnswersOf(output, output.Softmax()).CopyTo(answers.AsSpan(batch.Index * batchSize));
            }
        }

        if (ranks.Part.Count > 1)
        {
            int classes = loss.IsClassification ? network.Graph.ShapeOf(network.Outputs[0].Value)[-1] : 0;
            ranks.Sum(weights);
            confusion = Joined(ranks, classes, losses, answers, confusion);
        }

        return new EvaluationResult(
            dataset.Count, losses.Sum() / weights.Sum(), confusion?.Accuracy ?? double.NaN, confusion)
        {
            Answers = answers,
            IsRight = [.. answers.Select((answer, i) => answer.Predicted == dataset.Label(i))],
        };
    }

    /// <summary>
    /// Returns the predicted class and its probability for a range of samples; -1 and NaN for a sample with an output
    /// that is not a number.
    /// </summary>
    /// <param name="network">A network whose output is logits <c>[N, K]</c>.</param>
    /// <param name="dataset">The data set.</param>
    /// <param name="start">Index of the first sample, 0 or more.</param>
    /// <param name="count">Number of samples, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The set has no such samples.</exception>
    public static IReadOnlyList<(int Predicted, float Probability)> Predict(
        Network network, Dataset dataset, int start, int count)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(dataset);

        // A network with a fixed batch size needs complete batches, so the range is extended to batch boundaries.
        int own = Math.Max(network.Batch.Size, 1), first = start / own * own,
            last = (start + count + own - 1) / own * own;
        (Tensor inputs, _) = dataset.Read(first, last - first);
        Tensor output = FixedBatch.Run(network, [inputs])[0];
        int from = start - first;
        return AnswersOf(output.Slice(0, from, from + count), output.Softmax().Slice(0, from, from + count));
    }

    /// <summary>
    /// Returns the most likely class of each row and its probability. The class is that of the logits, as in the
    /// confusion matrix: probabilities of nearly equal logits can be equal.
    /// </summary>
    private static (int Predicted, float Probability)[] AnswersOf(Tensor logits, Tensor probabilities)
    {
        ClassRows rows = new(logits), likely = new(probabilities);
        var predictions = new (int, float)[logits.Shape[0]];
        for (int i = 0; i < predictions.Length; i++)
        {
            int predicted = rows.Predicted(i);
            predictions[i] = (predicted, predicted < 0 ? float.NaN : likely[i][predicted]);
        }

        return predictions;
    }

    /// <summary>
    /// Returns a batch size that the network accepts: rounded up to a multiple of its fixed batch size, if it has one.
    /// The number of samples must be a multiple of the fixed size too.
    /// </summary>
    private static int Rounded(BatchState state, int batchSize, Dataset dataset)
    {
        state.RequireApart("Evaluator");
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (dataset.Count == 0)
        {
            throw new ArgumentException(
                $"Evaluator: there are no samples (got 0 from {dataset.Name}, expected 1 or more)");
        }

        batchSize = Math.Min(batchSize, dataset.Count);
        int own = Math.Max(state.Size, 1);
        return dataset.Count % own == 0
            ? checked((batchSize + own - 1) / own * own)
            : throw new ArgumentException(
                $"Evaluator: the network takes {own} samples at a time (got {dataset.Count} samples of {dataset.Name}, "
                + $"expected a multiple); export the model with a dynamic batch axis");
    }

    /// <summary>
    /// Combines the results of all ranks. Each rank leaves zeros for the batches of other ranks, so the sums are
    /// bit-identical to the result of a single rank.
    /// </summary>
    private static ConfusionMatrix? Joined(
        TrainingRanks ranks, int classes, Span<double> losses, Span<(int Predicted, float Probability)> answers,
        ConfusionMatrix? confusion)
    {
        double[] counts = [.. confusion?.Counts ?? new long[classes * (classes + 1)]];
        double[] predicted = new double[answers.Length], probabilities = new double[answers.Length];
        for (int i = 0; i < answers.Length; i++)
        {
            (predicted[i], probabilities[i]) = answers[i];
        }

        ranks.Sum(losses);
        ranks.Sum(counts);
        ranks.Sum(predicted);
        ranks.Sum(probabilities);
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = ((int)predicted[i], (float)probabilities[i]);
        }

        return classes == 0 ? null : new ConfusionMatrix(classes, [.. counts.Select(count => (long)count)]);
    }

    private static void AddRows(ConfusionMatrix confusion, Tensor output, ReadOnlySpan<long> labels)
    {
        var rows = new ClassRows(output);
        for (int i = 0; i < labels.Length; i++)
        {
            int predicted = rows.Predicted(i);
            if (predicted < 0)
            {
                confusion.AddUnanswered((int)labels[i]);
            }
            else
            {
                confusion.Add((int)labels[i], predicted);
            }
        }
    }
}
