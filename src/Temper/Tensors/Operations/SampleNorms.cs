using System.Buffers;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// The length of each sample's own gradient, for private training: one backward pass in which parameters get no
/// gradient but each operation that uses one gives the squared length for each sample.
/// </summary>
/// <remarks>
/// Fully connected layers need no gradient at all: ‖dy xᵀ‖ = ‖dy‖ ‖x‖ (arXiv:1510.01799). Convolutions make one
/// sample's gradient at a time. Any other operation runs its own gradient with the other samples' cotangents set to
/// zero.
/// </remarks>
internal static class SampleNorms
{
    /// <param name="records">What the tape recorded.</param>
    /// <param name="losses">One loss per sample, <c>[N]</c>.</param>
    /// <param name="sources">The parameters.</param>
    /// <returns>L2 norms over all sources together, <c>[N]</c>.</returns>
    /// <exception cref="InvalidOperationException">
    /// Samples are mixed, or a parameter is used in a way that has no sample axis.
    /// </exception>
    internal static float[] Compute(TapeRecords records, Tensor losses, IReadOnlyList<Tensor> sources)
    {
        int samples = losses.Count;
        double[] squares = new double[samples];
        Tensor?[] slots = ArrayPool<Tensor?>.Shared.Rent(records.Count);
        Want[] wanted = ArrayPool<Want>.Shared.Rent(records.Count);
        try
        {
            BackwardPass.MarkWanted(records, sources, wanted);
            Want[] isSource = wanted[..records.Count];
            Tensor ones = Tensor.Ones(losses.Shape);
            int last = BackwardPass.Seed(records, [(losses, ones)], slots, wanted);
            RequireSingleUse(records, isSource);
            wanted.AsSpan(0, records.Count).Replace(Want.Result, Want.Nothing);
            for (int index = last; index >= 0; index--)
            {
                TapeRecord record = records[index];
                if (record.Operation is null || slots[index] is not { } gradient)
                {
                    continue;
                }

                TapeRecords.CheckUnchanged(record);
                RequireSamplesApart(record.Operation);
                AddSquares(record, gradient, isSource, squares);
                record.Operation.Backward(record.Output, gradient, new InputGradients(slots, record.Inputs, wanted));
                slots[index] = null;
                gradient.Storage.Release();
            }
        }
        finally
        {
            ArrayPool<Tensor?>.Shared.Return(slots, clearArray: true);
            ArrayPool<Want>.Shared.Return(wanted);
        }

        return [.. squares.Select(square => (float)Math.Sqrt(square))];
    }

    private static void AddSquares(in TapeRecord record, Tensor gradient, Want[] isSource, Span<double> squares)
    {
        for (int input = 0; input < record.Inputs.Length; input++)
        {
            if (record.Inputs[input] < 0 || isSource[record.Inputs[input]] != Want.Result)
            {
                continue;
            }

            if (gradient.Rank == 0 || gradient.Shape[0] != squares.Length)
            {
                throw new InvalidOperationException(
                    $"Learner.Gradients: {record.Operation!.Name} uses a parameter without a sample axis (got "
                    + $"{gradient.Shape}, expected [{squares.Length}, ...]); freeze the parameter");
            }

            if (!record.Operation!.TryAddSampleSquares(record.Output, gradient, input, squares))
            {
                AddSquaresOneByOne(record, gradient, input, squares);
            }
        }
    }

    /// <summary>Whether or not its own parameters train: what it mixes reaches the parameters before it.</summary>
    private static void RequireSamplesApart(Operation operation)
    {
        if (operation.MixesSamples)
        {
            throw new InvalidOperationException(
                $"Learner.Gradients: {operation.Name} mixes the samples of a batch, so a sample has no gradient of its "
                + "own; use evaluation statistics or another normalization");
        }
    }

    /// <summary>The operation's own gradient, with the cotangents of all samples but one set to zero.</summary>
    private static void AddSquaresOneByOne(in TapeRecord record, Tensor gradient, int input, Span<double> squares)
    {
        Tensor rows = gradient.ToRowMajor();
        int length = rows.Count / squares.Length;
        var slots = new Tensor?[1];
        int[] indices = new int[record.Inputs.Length];
        Array.Fill(indices, -1);
        indices[input] = 0;
        for (int i = 0; i < squares.Length; i++)
        {
            Tensor one = Tensor.Allocate(rows.Shape);
            one.Writable().Clear();
            rows.Physical().Slice(i * length, length).CopyTo(one.Writable()[(i * length)..]);
            slots[0] = null;
            record.Operation!.Backward(record.Output, one, new InputGradients(slots, indices, [Want.Result]));
            squares[i] += slots[0] is { } found ? Reductions.SumOfSquares(found.Physical()) : 0;
        }
    }

    /// <summary>
    /// The gradient of a parameter that is used twice is a sum, whose length is not that of its parts.
    /// </summary>
    private static void RequireSingleUse(TapeRecords records, Want[] isSource)
    {
        int[] uses = new int[records.Count];
        for (int index = 0; index < records.Count; index++)
        {
            foreach (int input in records[index].Inputs)
            {
                if (input >= 0 && isSource[input] == Want.Result && ++uses[input] > 1)
                {
                    throw new InvalidOperationException(
                        $"Learner.Gradients: a parameter {records[input].Output.Shape} is used by two operations, "
                        + "whose gradients for a sample cannot be told apart; split or freeze it");
                }
            }
        }
    }
}
