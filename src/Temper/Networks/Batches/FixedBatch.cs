using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Runs a network on any number of samples: in one run if its batch is free, in several runs if its batch is fixed and
/// samples are independent. Incomplete batches are not padded.
/// </summary>
internal static class FixedBatch
{
    /// <summary>Computes the outputs of all samples.</summary>
    /// <param name="network">The network.</param>
    /// <param name="inputs">One tensor per input.</param>
    /// <param name="run">Runs the network on one batch; null: the network's forward pass.</param>
    /// <param name="most">Maximum number of samples per run if the batch is free, to limit memory.</param>
    /// <exception cref="ShapeMismatchException">
    /// An input has the wrong shape, or the number of samples is not a multiple of the batch size.
    /// </exception>
    internal static IReadOnlyList<Tensor> Run(
        Network network, IReadOnlyList<Tensor> inputs, Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>>? run = null,
        int most = int.MaxValue)
    {
        run ??= values => network.Forward(values, Pass.Evaluation);
        bool isFree = network.Batch.Kind == BatchKind.Free;
        (int samples, int batch) = isFree ? FreeParts(network, inputs, most) : FixedParts(network, inputs);
        if (samples <= batch)
        {
            return run(inputs);
        }

        if (!isFree)
        {
            RequireOutputs(network);
        }

        IReadOnlyList<Tensor>[] parts =
        [
            .. Enumerable.Range(0, (samples + batch - 1) / batch).Select(i => run(
                [.. inputs.Select(input => input.Rank == 0
                    ? input
                    : input.Slice(0, i * batch, Math.Min(samples, (i + 1) * batch)))])),
        ];
        return [.. network.Outputs.Select((_, i) => Tensor.Concatenate([.. parts.Select(part => part[i])], 0))];
    }

    /// <summary>
    /// Returns the number of samples, and of samples per run. Everything runs at once if an input or output does not
    /// hold the samples, and if the numbers of samples differ, which the run reports.
    /// </summary>
    private static (int Samples, int Batch) FreeParts(Network network, IReadOnlyList<Tensor> inputs, int most)
    {
        bool canPart = inputs.Count == network.Inputs.Count && network.Inputs.All(input => input.IsBatched)
            && inputs.All(input => input.Rank > 0 && input.Shape[0] == inputs[0].Shape[0])
            && network.Outputs.All(output => network.Graph.InfoOf(output.Value).IsBatched);
        return canPart ? (inputs[0].Shape[0], most) : (1, 1);
    }

    /// <summary>
    /// Returns the number of samples, and of samples per run; inputs without axes are passed to each run.
    /// </summary>
    private static (int Samples, int Batch) FixedParts(Network network, IReadOnlyList<Tensor> inputs)
    {
        BatchState state = network.Batch;
        if (inputs.Count != network.Inputs.Count
            || !FitBehindBatch(network, inputs, out Shape shape) || shape[0] == state.Size)
        {
            return (1, 1);
        }

        string name = network.Inputs[0].Name;
        return state.Kind == BatchKind.Whole
            ? throw new ShapeMismatchException(
                $"Network input '{name}'", shape, $"exactly {state.Size} samples, because {state.Reason}")
            : shape[0] % state.Size == 0 && shape[0] > 0
                ? (shape[0], state.Size)
                : throw new ShapeMismatchException(
                    $"Network input '{name}'", shape,
                    $"a multiple of {state.Size} samples, because the network takes {state.Size} at a time");
    }

    /// <summary>
    /// True if the inputs fit except for the number of samples, which is the same for all. Other mismatches are
    /// reported by the forward pass.
    /// </summary>
    private static bool FitBehindBatch(Network network, IReadOnlyList<Tensor> inputs, out Shape shape)
    {
        Shape[] shapes = [.. inputs.Select(input => input.Shape).Where(shape => shape.Rank > 0)];
        shape = shapes.FirstOrDefault(Shape.Scalar);
        int samples = shapes.Length > 0 ? shape[0] : 0;
        return network.Batch.Size > 0
            && shapes.Length > 0
            && network.Inputs.Zip(inputs).All(pair => pair.First.SampleShape.Rank == 0
            ? pair.Second.Rank == 0
            : pair.Second.Rank == pair.First.SampleShape.Rank
                && pair.Second.Shape[0] == samples
                && pair.Second.Shape.With(0, 1).Equals(pair.First.SampleShape.With(0, 1)));
    }

    /// <summary>
    /// Throws unless axis 0 of every output holds the samples, so that results of several runs can be joined.
    /// </summary>
    private static void RequireOutputs(Network network)
    {
        int batch = network.Batch.Size;
        foreach (NetworkOutput output in network.Outputs)
        {
            Shape shape = network.Graph.ShapeOf(output.Value);
            if (shape.Rank == 0 || shape[0] != batch)
            {
                throw new ShapeMismatchException(
                    $"Network output '{output.Name}'", shape, $"{batch} samples on the first axis, so that the results "
                        + $"of several runs can be joined; give exactly {batch} samples");
            }
        }
    }
}
