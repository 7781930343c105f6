using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Runs a network on any number of samples: as they are where its batch is free, in its own batches where it has one.</summary>
internal static class FixedBatch
{
    /// <summary>The outputs of all samples.</summary>
    /// <param name="network">The network.</param>
    /// <param name="inputs">A tensor for each input.</param>
    /// <exception cref="ShapeMismatchException">An input does not fit.</exception>
    internal static IReadOnlyList<Tensor> Run(Network network, IReadOnlyList<Tensor> inputs)
    {
        if (inputs.Count != network.Inputs.Count || !Splits(network, inputs))
        {
            return network.Forward(inputs, Pass.Evaluation);
        }

        int batch = network.Inputs[0].SampleShape[0], samples = inputs[0].Shape[0];
        var parts = new List<IReadOnlyList<Tensor>>();
        for (int start = 0; start < samples; start += batch)
        {
            // The last batch is filled up with the samples before it, whose results are there already.
            int from = Math.Max(0, Math.Min(start, samples - batch)), skipped = start - from;
            IReadOnlyList<Tensor> outputs = network.Forward([.. inputs.Select(input => Filled(input.Slice(0, from, from + batch), batch))], Pass.Evaluation);
            int count = Math.Min(batch - skipped, samples - start);
            parts.Add([.. outputs.Select(output => Own(network, output, batch, skipped, count))]);
        }

        return [.. network.Outputs.Select((_, i) => parts[0][i].Rank > 0 && parts.Count > 1 ? Tensor.Concatenate([.. parts.Select(part => part[i])], 0) : parts[0][i])];
    }

    /// <summary>Whether each input is one of a fixed batch that another number of samples is given for.</summary>
    private static bool Splits(Network network, IReadOnlyList<Tensor> inputs) => network.Inputs.Count > 0 && network.Inputs.Zip(inputs).All(pair =>
        !pair.First.IsBatched && pair.First.SampleShape.Rank > 0 && pair.Second.Rank == pair.First.SampleShape.Rank
        && pair.First.SampleShape[0] == network.Inputs[0].SampleShape[0] && pair.Second.Shape[0] == inputs[0].Shape[0] && pair.Second.Shape[0] > 0
        && pair.Second.Shape.With(0, 1).Equals(pair.First.SampleShape.With(0, 1))) && inputs[0].Shape[0] != network.Inputs[0].SampleShape[0];

    private static Tensor Filled(Tensor samples, int batch) => samples.Shape[0] == batch
        ? samples
        : Tensor.Concatenate([samples, samples.Slice(0, 0, 1).Expand(samples.Shape.With(0, batch - samples.Shape[0]))], 0);

    private static Tensor Own(Network network, Tensor output, int batch, int skipped, int count) => output.Rank > 0 && output.Shape[0] == batch
        ? output.Slice(0, skipped, skipped + count)
        : throw new InvalidOperationException(
            $"{network.Outputs[0].Name}: its first axis is not the batch (got {output.Shape}, expected {batch} first), so samples cannot be split; give exactly {batch}");
}
