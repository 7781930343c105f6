using System.Buffers;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// L2 norm of each sample's own gradient, for differentially private training. In one backward pass, the parameters get
/// no gradient; instead, each operation that uses a parameter adds the squared norm of its gradient per sample.
/// </summary>
/// <remarks>
/// Linear layers need no gradient at all: ‖dy xᵀ‖ = ‖dy‖ ‖x‖ (arXiv:1510.01799). Convolutions compute the gradient of
/// one sample at a time. Any other operation runs its backward pass once per sample, with the gradients of all other
/// samples set to zero.
/// </remarks>
internal static class SampleNorms
{
    /// <param name="records">Records of the tape.</param>
    /// <param name="losses">Losses of the samples, <c>[N]</c>.</param>
    /// <param name="sources">The parameters.</param>
    /// <returns>L2 norm over all sources together for each sample, <c>[N]</c>.</returns>
    /// <exception cref="InvalidOperationException">
    /// An operation mixes samples, a parameter is used more than once, or a result that depends on a parameter has no
    /// sample axis.
    /// </exception>
    internal static float[] Compute(TapeRecords records, Tensor losses, IReadOnlyList<Tensor> sources)
    {
        int samples = losses.Count;
        if (samples == 0)
        {
            return [];
        }

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

    /// <summary>
    /// Throws if an operation mixes samples. Frozen operations are checked too: mixing affects the gradients of earlier
    /// parameters.
    /// </summary>
    private static void RequireSamplesApart(Operation operation)
    {
        if (operation.MixesSamples)
        {
            throw new InvalidOperationException(
                $"Learner.Gradients: {operation.Name} mixes the samples of a batch, so a sample has no gradient of its "
                + "own; use evaluation statistics or another normalization");
        }
    }

    /// <summary>
    /// Runs the operation's backward pass once per sample, with the gradients of all other samples set to zero.
    /// </summary>
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
    /// Throws if a parameter is used twice: its gradient is then a sum, whose norm cannot be computed from the norms of
    /// the terms.
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
                        + "so its norm per sample is not the sum of their norms; split or freeze it");
                }
            }
        }
    }
}
