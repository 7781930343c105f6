using System.Globalization;
using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Computes the sum over some axes; float32 or integer. Integer overflow wraps around.</summary>
    /// <param name="axes">Axes to reduce; -1 is the last. Empty: all axes.</param>
    /// <param name="keepDims">Whether reduced axes are kept with length 1.</param>
    /// <returns>The reduced tensor. The sum of an empty axis is 0.</returns>
    public Tensor Sum(ReadOnlySpan<int> axes = default, bool keepDims = false) =>
        Reduced("Sum", axes, keepDims, isMean: false);

    /// <summary>Computes the mean over some axes; NaN for an empty axis. Float32 only.</summary>
    /// <inheritdoc cref="Sum"/>
    public Tensor Mean(ReadOnlySpan<int> axes = default, bool keepDims = false) =>
        Reduced("Mean", axes, keepDims, isMean: true);

    /// <summary>
    /// Computes the maximum over some axes: NaN if any element is NaN; for Bool, whether any element is true. If
    /// several elements are equal, the gradient goes to the first.
    /// </summary>
    /// <inheritdoc cref="Sum"/>
    /// <exception cref="ShapeMismatchException">A reduced axis is empty.</exception>
    public Tensor Max(ReadOnlySpan<int> axes = default, bool keepDims = false) => DType == DType.Float32
        ? Extreme("Max", this, axes, keepDims)
        : Folded<IntegerMaximum>("Max", axes, keepDims);

    /// <summary>
    /// Computes the minimum over some axes: NaN if any element is NaN; for Bool, whether all elements are true. If
    /// several elements are equal, the gradient goes to the first.
    /// </summary>
    /// <inheritdoc cref="Max"/>
    public Tensor Min(ReadOnlySpan<int> axes = default, bool keepDims = false) => DType == DType.Float32
        ? Extreme("Min", Negate(), axes, keepDims).Negate()
        : Folded<IntegerMinimum>("Min", axes, keepDims);

    /// <summary>Computes the p-norm over some axes. The gradient of the 2-norm at zero is 0, as in PyTorch.</summary>
    /// <param name="p">Order of the norm: 1, 2 or infinity.</param>
    /// <param name="axes">Axes to reduce; -1 is the last. Empty: all axes.</param>
    /// <param name="keepDims">Whether reduced axes are kept with length 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is not 1, 2 or infinity.</exception>
    public Tensor Norm(float p = 2, ReadOnlySpan<int> axes = default, bool keepDims = false) => p switch
    {
        1 => Abs().Sum(axes, keepDims),
        2 => new UnaryOperation<RootOfSquaresFunction>((this * this).Sum(axes, keepDims)).Apply(),
        float.PositiveInfinity => Abs().Max(axes, keepDims),
        _ => throw new ArgumentOutOfRangeException(nameof(p), string.Create(
            CultureInfo.InvariantCulture, $"Norm: unsupported order (got p = {p}, expected 1, 2 or infinity)")),
    };

    /// <summary>Computes the variance over some axes.</summary>
    /// <param name="axes">Axes to reduce; -1 is the last. Empty: all axes.</param>
    /// <param name="correction">
    /// Subtracted from the count in the divisor: 1 for the unbiased estimate, as in PyTorch; 0 for the biased one. A
    /// divisor of 0 or less gives NaN or infinity.
    /// </param>
    /// <param name="keepDims">Whether reduced axes are kept with length 1.</param>
    public Tensor Variance(ReadOnlySpan<int> axes = default, int correction = 1, bool keepDims = false)
    {
        Tensor mean = Mean(axes, keepDims: true);
        Tensor deviation = this - mean;
        int count = Count / Math.Max(mean.Count, 1);
        return (deviation * deviation).Sum(axes, keepDims) * (1f / Math.Max(0, count - correction));
    }

    /// <summary>
    /// Computes the product over some axes; 1 for an empty axis. The product and its gradient are also correct if
    /// elements are zero.
    /// </summary>
    /// <inheritdoc cref="Sum"/>
    public Tensor Product(ReadOnlySpan<int> axes = default, bool keepDims = false)
    {
        Tensor result = this;
        int[] sorted = ReduceAxes.Sorted(Shape, axes, "Product");
        foreach (int axis in sorted)
        {
            // Multiply the first half by the second until one slice is left: log K operations for an axis of length K.
            for (int length = result.Shape[axis]; length > 1; length = result.Shape[axis])
            {
                Tensor product = result.Slice(axis, 0, length / 2) * result.Slice(axis, length / 2, length / 2 * 2);
                result = length % 2 == 0 ? product : Concatenate([product, result.Slice(axis, length - 1)], axis);
            }

            result = result.Shape[axis] == 0 ? result.Sum([axis], keepDims: true) + Scalar(1f).To(DType) : result;
        }

        return keepDims ? result : result.Reshape(ReduceAxes.Without(result.Shape, sorted, keepDims: false));
    }

    /// <summary>Returns the int64 index of the maximum along an axis; NaN counts as the largest value.</summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="keepDims">Whether the axis is kept with length 1.</param>
    /// <param name="last">Whether the last of several equal elements is returned, instead of the first.</param>
    /// <exception cref="ShapeMismatchException">The axis is empty.</exception>
    public Tensor ArgMax(int axis = -1, bool keepDims = false, bool last = false) =>
        ArgExtreme("ArgMax", axis, keepDims, new(IsSmallest: false, last));

    /// <summary>Returns the int64 index of the minimum along an axis; NaN counts as the largest value.</summary>
    /// <inheritdoc cref="ArgMax"/>
    public Tensor ArgMin(int axis = -1, bool keepDims = false, bool last = false) =>
        ArgExtreme("ArgMin", axis, keepDims, new(IsSmallest: true, last));

    /// <summary>
    /// Returns the largest or smallest elements along an axis, sorted, and their indices. Among equal elements the one
    /// with the lower index comes first.
    /// </summary>
    /// <param name="count">Number of elements; at most the length of the axis.</param>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="largest">True: the largest elements; false: the smallest. NaN counts as the largest value.</param>
    /// <returns>
    /// Values, differentiable, and int64 indices; both have this shape, but length <paramref name="count"/> along the
    /// axis.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The count is negative or exceeds the length of the axis.
    /// </exception>
    public (Tensor Values, Tensor Indices) TopK(int count, int axis = -1, bool largest = true)
    {
        int at = Shape.Axis(axis, nameof(TopK)), length = Shape[at];
        if ((uint)count > (uint)length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), $"TopK: count is out of range (got {count}, expected 0 to {length} for shape {Shape})");
        }

        return Select(nameof(TopK), at, count, !largest, rank: null);
    }

    /// <summary>
    /// Returns the k-th largest or smallest value along an axis, and its index: the last entry of <see cref="TopK"/>
    /// with that count, but without sorting. Among equal elements the one with the lower index comes first.
    /// </summary>
    /// <remarks>Runs in linear time. The result does not depend on the number of threads.</remarks>
    /// <param name="rank">k, from 1 (the largest or smallest) to the length of the axis.</param>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="largest">
    /// True: counted from the largest; false: from the smallest. NaN counts as the largest value.
    /// </param>
    /// <returns>Values, differentiable, and int64 indices; both have this shape, but length 1 along the axis.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="rank"/> is below 1 or exceeds the length of the axis.
    /// </exception>
    public (Tensor Values, Tensor Indices) KthValue(int rank, int axis = -1, bool largest = true)
    {
        int at = Shape.Axis(axis, nameof(KthValue)), length = Shape[at];
        return rank >= 1 && rank <= length
            ? Select(nameof(KthValue), at, 1, !largest, rank)
            : throw new ArgumentOutOfRangeException(
                nameof(rank), $"KthValue: k is out of range (got {rank}, expected 1 to {length}, the length of axis "
                    + $"{at} of shape {Shape})");
    }

    private (Tensor Values, Tensor Indices) Select(string name, int axis, int count, bool isSmallest, int? rank)
    {
        // The kernel works on the last axis.
        int[] order = Enumerable.Range(0, Rank).ToArray();
        (order[axis], order[^1]) = (order[^1], order[axis]);
        Tensor rows = axis == Rank - 1 ? this : Permute(order);
        Tensor indices = Allocate<long>(rows.Shape.With(-1, count));
        if (indices.Count > 0)
        {
            ElementNumbers.TopK(name, rows, indices, isSmallest, rank);
        }

        indices = axis == Rank - 1 ? indices : indices.Permute(order);
        return (Gather(axis, indices), indices);
    }

    private Tensor ArgExtreme(string name, int axis, bool keepDims, Preference preference)
    {
        int at = Shape.Axis(axis, name);
        ReduceAxes.RequireElements(name, this, at);
        Tensor indices = Allocate<long>(ReduceAxes.Without(Shape, at, keepDims));
        ElementNumbers.ArgExtreme(
            this, indices, (Shape.CountOf(0, at), Shape[at], Shape.CountOf(at + 1, Rank)), preference);
        return indices;
    }

    private static Tensor Extreme(string name, Tensor x, ReadOnlySpan<int> axes, bool keepDims)
    {
        Tensor result = x;
        int[] sorted = ReduceAxes.Sorted(x.Shape, axes, name);
        for (int i = sorted.Length - 1; i >= 0; i--)
        {
            ReduceAxes.RequireElements(name, result, sorted[i]);
            result = result.Gather(sorted[i], result.ArgMax(sorted[i], keepDims: true));
        }

        return keepDims ? result : result.Reshape(ReduceAxes.Without(result.Shape, sorted, keepDims: false));
    }

    private Tensor Folded<TFunction>(string name, ReadOnlySpan<int> axes, bool keepDims)
        where TFunction : struct, IIntegerFunction
    {
        int[] sorted = ReduceAxes.Sorted(Shape, axes, name);
        return IntegerReductions.Fold<TFunction>(name, this, sorted, empty: null)
            .Reshape(ReduceAxes.Without(Shape, sorted, keepDims));
    }

    private Tensor Reduced(string name, ReadOnlySpan<int> axes, bool keepDims, bool isMean)
    {
        int[] sorted = ReduceAxes.Sorted(Shape, axes, name);
        if (DType != DType.Float32)
        {
            return isMean || DType is DType.Bool
                ? throw IntegerOperations.Unfit(name, this)
                : IntegerReductions.Fold<IntegerSum>(name, this, sorted, empty: 0)
                    .Reshape(ReduceAxes.Without(Shape, sorted, keepDims));
        }

        return new SumOperation(name, this, sorted, isMean, ReduceAxes.Without(Shape, sorted, keepDims)).Apply();
    }
}

/// <summary>√x with derivative 0 at zero, which makes the gradient of a norm 0 at the origin.</summary>
internal readonly struct RootOfSquaresFunction : IUnaryFunction
{
    public string Name => "Norm";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(default(SquareRoot), x, y);

    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        for (int i = 0; i < dx.Length; i++)
        {
            dx[i] = y[i] == 0 ? 0 : dy[i] / (2 * y[i]);
        }
    }
}
