using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// Checks made before the first step, so that for example a wrong label is reported immediately and not after an hour.
/// </summary>
internal static class TrainingChecks
{
    /// <summary>Throws unless network, samples and options match.</summary>
    internal static void Require(Network network, Dataset train, Dataset validation, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(validation);
        ArgumentNullException.ThrowIfNull(options);
        options.Validated();
        network.Batch.RequireFree("Trainer");
        if (network.Inputs.Count != 1 || network.Outputs.Count != 1)
        {
            throw new ArgumentException(
                $"Trainer: the network must have one input and one output (got {network.Inputs.Count} and "
                + $"{network.Outputs.Count})", nameof(network));
        }

        RequireWeights(network);
        (Dataset, string)[] parts = [(train, "training"), (validation, "validation")];
        foreach ((Dataset dataset, string part) in parts)
        {
            RequireSamples(network, dataset, part);
            RequireTargets(network, dataset, part, options.Loss);
        }
    }

    /// <summary>
    /// Throws if all weights of several layers are zero: then all gradients of the weights are zero too, and the
    /// network cannot learn more than a bias. A single layer can be trained from zero, and a pruned network, which has
    /// masks, may have lost all of its weights.
    /// </summary>
    private static void RequireWeights(Network network)
    {
        Tensor[] weights =
        [
            .. network.Parameters.Select(parameter => parameter.Value)
                .Where(value => value is { Rank: > 1, Count: > 0 }),
        ];
        bool isPruned = network.Parameters.Any(parameter => parameter.Mask is not null);
        bool isZero = Array.TrueForAll(weights, weight => !weight.AsSpan<float>().ContainsAnyExcept(0f));
        if (weights.Length > 1 && isZero && !isPruned)
        {
            throw new ArgumentException("Trainer: all weights are zero (got a network that was built but not "
                + "initialized); call network.Initialize(RandomStream.FromSeed(1)) first", nameof(network));
        }
    }

    private static void RequireSamples(Network network, Dataset dataset, string part)
    {
        Shape expected = network.Inputs[0].SampleShape;
        if (!dataset.SampleShape.Equals(expected))
        {
            throw new ShapeMismatchException(
                $"Trainer: {part} samples of {dataset.Name}", dataset.SampleShape, $"{expected}, the network's input");
        }

        if (dataset.Count == 0)
        {
            throw new ArgumentException($"Trainer: there are no {part} samples (got 0 from {dataset.Name}, expected 1 "
                + "or more)", nameof(dataset));
        }
    }

    private static void RequireTargets(Network network, Dataset dataset, string part, TrainingLoss loss)
    {
        if (loss.IsClassification != dataset.TargetShape is null)
        {
            string targets = dataset.TargetShape is null ? "class labels" : $"targets {dataset.TargetShape}";
            throw new ArgumentException(
                $"Trainer: the loss does not match the {part} targets (got {loss.GetType().Name} for {targets}); "
                + "choose another loss", nameof(loss));
        }

        // The shape has a batch axis of size 1 first; the other axes are those of one sample.
        Shape output = network.Graph.ShapeOf(network.Outputs[0].Value);
        if (dataset.TargetShape is { } shape)
        {
            if (!output.AsSpan()[1..].SequenceEqual(shape.AsSpan()))
            {
                throw new ShapeMismatchException($"Trainer: {part} targets of "
                    + $"{dataset.Name}", shape, $"[{string.Join(", ", output.Skip(1))}], the network's output");
            }

            return;
        }

        RequireLabels(dataset, part, output);
    }

    private static void RequireLabels(Dataset dataset, string part, Shape output)
    {
        if (output.Rank != 2)
        {
            throw new ShapeMismatchException("Trainer: the network's output", output, "[N, classes] for class labels");
        }

        for (int i = 0; i < dataset.Count; i++)
        {
            long label = dataset.Label(i);
            if (label < 0 || label >= output[1])
            {
                throw new ArgumentException(
                    $"Trainer: a {part} label is not a class of the network (got {label} at sample {i} of "
                    + $"{dataset.Name}, expected 0 to {output[1] - 1}); replace the network's head or correct the "
                    + "labels",
                    nameof(dataset));
            }
        }
    }
}
