using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training.Evaluation;

/// <summary>How well a network does on samples.</summary>
/// <param name="Count">Samples.</param>
/// <param name="Loss">Mean loss.</param>
/// <param name="Accuracy">Part that was right, 0 to 1; NaN where targets are not classes.</param>
/// <param name="Confusion">Actual by predicted classes; null where targets are not classes.</param>
public sealed record EvaluationResult(int Count, double Loss, double Accuracy, ConfusionMatrix? Confusion);

/// <summary>Measures networks.</summary>
public static class Evaluator
{
    /// <summary>Runs all samples through a network in evaluation form.</summary>
    /// <param name="network">Not changed.</param>
    /// <param name="dataset">Samples that fit the network's input.</param>
    /// <param name="loss">The loss to report; null: cross-entropy.</param>
    /// <param name="batchSize">Samples at a time; does not change the result beyond rounding.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="ShapeMismatchException">Samples do not fit the network.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static EvaluationResult Evaluate(
        Network network, Dataset dataset, TrainingLoss? loss = null, int batchSize = 256, CancellationToken cancel = default)
    {
        loss ??= new CrossEntropyLoss();
        double sum = 0;
        ConfusionMatrix? confusion = null;
        foreach (Batch batch in new DataLoader(dataset, new DataLoaderOptions { BatchSize = batchSize }, RandomStream.FromSeed(0)).Epoch(0))
        {
            cancel.ThrowIfCancellationRequested();
            Tensor output = FixedBatch.Run(network, [batch.Inputs])[0];
            sum += (double)loss.Value(output, batch.Targets).ToScalar() * batch.Inputs.Shape[0];
            if (loss.IsClassification)
            {
                confusion ??= new ConfusionMatrix(output.Shape[-1]);
                AddRows(confusion, output, batch.Targets.AsSpan<long>());
            }
        }

        return new EvaluationResult(dataset.Count, sum / dataset.Count, confusion?.Accuracy ?? double.NaN, confusion);
    }

    /// <summary>The predicted class and its probability for some samples.</summary>
    /// <param name="network">Gives logits <c>[N, K]</c>.</param>
    /// <param name="dataset">Samples.</param>
    /// <param name="start">First sample.</param>
    /// <param name="count">How many.</param>
    public static IReadOnlyList<(int Predicted, float Probability)> Predict(Network network, Dataset dataset, int start, int count)
    {
        (Tensor inputs, _) = dataset.Read(start, count);
        Tensor probabilities = FixedBatch.Run(network, [inputs])[0].Softmax();
        int classes = probabilities.Shape[-1];
        var predictions = new (int, float)[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> row = probabilities.AsSpan<float>().Slice(i * classes, classes);
            int predicted = TensorPrimitives.IndexOfMax(row);
            predictions[i] = (predicted, row[predicted]);
        }

        return predictions;
    }

    private static void AddRows(ConfusionMatrix confusion, Tensor output, ReadOnlySpan<long> labels)
    {
        ReadOnlySpan<float> rows = output.AsSpan<float>();
        for (int i = 0; i < labels.Length; i++)
        {
            confusion.Add((int)labels[i], TensorPrimitives.IndexOfMax(rows.Slice(i * confusion.Classes, confusion.Classes)));
        }
    }
}
