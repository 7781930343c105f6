using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Tensors;

namespace Temper.Training.Evaluation;

/// <summary>Gives access to the rows of a batch of logits or probabilities, <c>[N, K]</c>.</summary>
internal readonly ref struct ClassRows(Tensor output)
{
    private readonly ReadOnlySpan<float> _values = output.AsSpan<float>();
    private readonly int _classes = output.Shape[-1];

    internal ReadOnlySpan<float> this[int row] => _values.Slice(row * _classes, _classes);

    /// <summary>
    /// Returns the class with the largest value in a row; -1 if a value is not a number, because then no class is
    /// predicted.
    /// </summary>
    internal int Predicted(int row)
    {
        // IndexOfMax returns the first value that is not a number, if there is one.
        ReadOnlySpan<float> values = this[row];
        int largest = TensorPrimitives.IndexOfMax(values);
        return largest >= 0 && float.IsNaN(values[largest]) ? -1 : largest;
    }
}
