using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training.Evaluation;

/// <summary>Loss and accuracy of a network on some samples.</summary>
/// <param name="Count">Samples.</param>
/// <param name="Loss">Mean loss.</param>
/// <param name="Accuracy">Fraction of correct predictions, 0 to 1; NaN where targets are not classes.</param>
/// <param name="Confusion">Confusion matrix; null where targets are not classes.</param>
public sealed record EvaluationResult(int Count, double Loss, double Accuracy, ConfusionMatrix? Confusion)
{
    /// <summary>
    /// The predicted class of each sample and its probability, in the order of the samples; none where targets are not
    /// classes.
    /// </summary>
    public IReadOnlyList<(int Predicted, float Probability)> Answers { get; init; } = [];
}

/// <summary>Measures networks.</summary>
public static class Evaluator
{
    /// <summary>Runs all samples through a network in evaluation form.</summary>
    /// <param name="network">Not changed.</param>
    /// <param name="dataset">Samples that fit the network's input.</param>
    /// <param name="loss">The loss to report; null: cross-entropy.</param>
    /// <param name="batchSize">
    /// Samples at a time; does not change the result beyond rounding. A network of a fixed batch takes the next
    /// multiple of it.
    /// </param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="ArgumentException">
    /// There are no samples, the network does not keep them apart, or their number is no multiple of its fixed batch.
    /// </exception>
    /// <exception cref="ShapeMismatchException">Samples do not fit the network.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static EvaluationResult Evaluate(
        Network network, Dataset dataset, TrainingLoss? loss = null, int batchSize = 256,
        CancellationToken cancel = default) =>
        Evaluate(network, dataset, loss, TrainingRanks.One, batchSize, cancel);

    /// <summary>
    /// Runs all samples; ranks take whole batches in turns. What they find is put together in the order of the batches,
    /// so that the result has the same bytes for any number of ranks. Called by all of them.
    /// </summary>
    internal static EvaluationResult Evaluate(
        Network network, Dataset dataset, TrainingLoss? loss, TrainingRanks ranks, int batchSize = 256,
        CancellationToken cancel = default)
    {
        loss ??= new CrossEntropyLoss();
        batchSize = Rounded(network.Batch, batchSize, dataset);
        var loading = new DataLoaderOptions { BatchSize = batchSize, Turn = ranks.Part };
        var loader = new DataLoader(dataset, loading, RandomStream.FromSeed(0));
        double[] losses = new double[loader.BatchCount];                // the sum of the samples' losses of each batch
        var answers = new (int, float)[loss.IsClassification ? dataset.Count : 0];
        ConfusionMatrix? confusion = null;
        foreach (Batch batch in loader.Epoch(0))
        {
            cancel.ThrowIfCancellationRequested();
            Tensor output = FixedBatch.Run(network, [batch.Inputs])[0];
            losses[batch.Index] = (double)loss.Value(output, batch.Targets).ToScalar() * batch.Inputs.Shape[0];
            if (loss.IsClassification)
            {
                confusion ??= new ConfusionMatrix(output.Shape[-1]);
                AddRows(confusion, output, batch.Targets.AsSpan<long>());
                AnswersOf(output.Softmax()).CopyTo(answers.AsSpan(batch.Index * batchSize));
            }
        }

        if (ranks.Part.Count > 1)
        {
            int classes = loss.IsClassification ? network.Graph.ShapeOf(network.Outputs[0].Value)[-1] : 0;
            confusion = Joined(ranks, classes, losses, answers, confusion);
        }

        double sum = 0;
        Array.ForEach(losses, one => sum += one);
        return new EvaluationResult(
            dataset.Count, sum / dataset.Count, confusion?.Accuracy ?? double.NaN, confusion) { Answers = answers };
    }

    /// <summary>The predicted class and its probability for some samples.</summary>
    /// <param name="network">Gives logits <c>[N, K]</c>.</param>
    /// <param name="dataset">Samples.</param>
    /// <param name="start">First sample.</param>
    /// <param name="count">How many.</param>
    public static IReadOnlyList<(int Predicted, float Probability)> Predict(
        Network network, Dataset dataset, int start, int count)
    {
        // Where a network takes several samples at a time, those behind the wanted ones go with them.
        int own = Math.Max(network.Batch.Size, 1), first = start / own * own,
            last = (start + count + own - 1) / own * own;
        (Tensor inputs, _) = dataset.Read(first, last - first);
        return AnswersOf(FixedBatch.Run(network, [inputs])[0].Softmax().Slice(0, start - first, start - first + count));
    }

    /// <summary>The most likely class of each row.</summary>
    private static (int Predicted, float Probability)[] AnswersOf(Tensor probabilities)
    {
        var rows = new ClassRows(probabilities);
        var predictions = new (int, float)[probabilities.Shape[0]];
        for (int i = 0; i < predictions.Length; i++)
        {
            int predicted = rows.Predicted(i);
            predictions[i] = (predicted, rows[i][predicted]);
        }

        return predictions;
    }

    /// <summary>
    /// A batch size that a network can take: a multiple of its own where it has one, of which the samples are a
    /// multiple too.
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
                + "expected a multiple); export the model with a free batch axis");
    }

    /// <summary>
    /// Puts together what the ranks have found. Each left zeros where others had the batches, so that sums are what one
    /// rank finds, to the bit.
    /// </summary>
    private static ConfusionMatrix? Joined(
        TrainingRanks ranks, int classes, Span<double> losses, Span<(int Predicted, float Probability)> answers,
        ConfusionMatrix? confusion)
    {
        double[] counts = [.. confusion?.Counts ?? new long[classes * classes]];
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
            confusion.Add((int)labels[i], rows.Predicted(i));
        }
    }
}
