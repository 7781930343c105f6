using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>The sum over some axes, also of int64 and int32, which wrap around.</summary>
    /// <param name="axes">Axes to sum over, -1 being the last; none: all.</param>
    /// <param name="keepDims">Whether summed axes stay, with length 1.</param>
    /// <returns>The shape without those axes. A sum of nothing is zero.</returns>
    public Tensor Sum(ReadOnlySpan<int> axes = default, bool keepDims = false) =>
        Reduced("Sum", axes, keepDims, isMean: false);

    /// <summary>The mean over some axes; NaN where there is nothing.</summary>
    /// <inheritdoc cref="Sum"/>
    public Tensor Mean(ReadOnlySpan<int> axes = default, bool keepDims = false) =>
        Reduced("Mean", axes, keepDims, isMean: true);

    /// <summary>
    /// The largest element over some axes, of truth values whether one is true; NaN wins; the gradient goes to the
    /// first of equal ones.
    /// </summary>
    /// <inheritdoc cref="Sum"/>
    /// <exception cref="ShapeMismatchException">There is nothing to choose from.</exception>
    public Tensor Max(ReadOnlySpan<int> axes = default, bool keepDims = false) => DType == DType.Float32
        ? Extreme("Max", this, axes, keepDims)
        : Folded<IntegerMaximum>("Max", axes, keepDims);

    /// <summary>
    /// The smallest element over some axes, of truth values whether all are true; NaN wins; the gradient goes to the
    /// first of equal ones.
    /// </summary>
    /// <inheritdoc cref="Max"/>
    public Tensor Min(ReadOnlySpan<int> axes = default, bool keepDims = false) => DType == DType.Float32
        ? Extreme("Min", Negate(), axes, keepDims).Negate()
        : Folded<IntegerMinimum>("Min", axes, keepDims);

    /// <summary>The p-norm over some axes. The gradient of the 2-norm at zero is zero, as in PyTorch.</summary>
    /// <param name="p">1, 2 or infinity.</param>
    /// <param name="axes">Axes, -1 being the last; none: all.</param>
    /// <param name="keepDims">Whether these axes stay, with length 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is another number.</exception>
    public Tensor Norm(float p = 2, ReadOnlySpan<int> axes = default, bool keepDims = false) => p switch
    {
        1 => Abs().Sum(axes, keepDims),
        2 => new UnaryOperation<RootOfSquaresFunction>((this * this).Sum(axes, keepDims)).Apply(),
        float.PositiveInfinity => Abs().Max(axes, keepDims),
        _ => throw new ArgumentOutOfRangeException(
            nameof(p), $"Norm: not offered (got p = {p}, expected 1, 2 or infinity)"),
    };

    /// <summary>The variance over some axes.</summary>
    /// <param name="axes">Axes, -1 being the last; none: all.</param>
    /// <param name="correction">
    /// Subtracted from the count that is divided by, down to 0 (NaN): 1 for the unbiased estimate, PyTorch's default.
    /// </param>
    /// <param name="keepDims">Whether these axes stay, with length 1.</param>
    public Tensor Variance(ReadOnlySpan<int> axes = default, int correction = 1, bool keepDims = false)
    {
        Tensor mean = Mean(axes, keepDims: true);
        Tensor deviation = this - mean;
        int count = Count / Math.Max(mean.Count, 1);
        return (deviation * deviation).Sum(axes, keepDims) * (1f / Math.Max(0, count - correction));
    }

    /// <summary>
    /// The product over some axes; the product of nothing is one. Right where elements are zero, its gradient too.
    /// </summary>
    /// <inheritdoc cref="Sum"/>
    public Tensor Product(ReadOnlySpan<int> axes = default, bool keepDims = false)
    {
        Tensor result = this;
        int[] sorted = ReduceAxes.Sorted(Shape, axes, "Product");
        foreach (int axis in sorted)
        {
            // Halves are multiplied until one line is left: log K operations for an axis of length K.
            for (int length = result.Shape[axis]; length > 1; length = result.Shape[axis])
            {
                Tensor product = result.Slice(axis, 0, length / 2) * result.Slice(axis, length / 2, length / 2 * 2);
                result = length % 2 == 0 ? product : Concatenate([product, result.Slice(axis, length - 1)], axis);
            }

            result = result.Shape[axis] == 0 ? result.Sum([axis], keepDims: true) + Scalar(1f).To(DType) : result;
        }

        return keepDims ? result : result.Reshape(ReduceAxes.Without(result.Shape, sorted, keepDims: false));
    }

    /// <summary>The index of the largest element along an axis; NaN counts as largest. Int64.</summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="keepDims">Whether the axis stays, with length 1.</param>
    /// <param name="last">Whether the last of equal ones is meant, not the first.</param>
    /// <exception cref="ShapeMismatchException">The axis is empty.</exception>
    public Tensor ArgMax(int axis = -1, bool keepDims = false, bool last = false) =>
        ArgExtreme("ArgMax", axis, keepDims, new(IsSmallest: false, last));

    /// <summary>The index of the smallest element along an axis; NaN counts as largest. Int64.</summary>
    /// <inheritdoc cref="ArgMax"/>
    public Tensor ArgMin(int axis = -1, bool keepDims = false, bool last = false) =>
        ArgExtreme("ArgMin", axis, keepDims, new(IsSmallest: true, last));

    /// <summary>
    /// The largest or smallest elements along an axis in order, the first of equal ones first, and their indices.
    /// </summary>
    /// <param name="count">How many, at most the axis's length.</param>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="largest">Whether the largest are meant; NaN counts as largest.</param>
    /// <returns>Values, this shape with length count along the axis, differentiable; and indices, int64.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many elements.</exception>
    public (Tensor Values, Tensor Indices) TopK(int count, int axis = -1, bool largest = true)
    {
        int at = Shape.Axis(axis, nameof(TopK)), length = Shape[at];
        if ((uint)count > (uint)length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), $"TopK: not that many elements (got {count}, expected 0 to {length} for shape {Shape})");
        }

        return Select(nameof(TopK), at, count, !largest, rank: null);
    }

    /// <summary>
    /// The value at one rank along an axis and its index: the last of <see cref="TopK"/>, without the sort. Of equal
    /// ones the first come first.
    /// </summary>
    /// <remarks>Time is linear in the elements; the result does not depend on the number of threads.</remarks>
    /// <param name="rank">1 is the largest (or smallest); at most the axis's length.</param>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="largest">Whether ranks count from the largest; NaN counts as largest.</param>
    /// <returns>Values, this shape with length 1 along the axis, differentiable; and indices, int64.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many elements.</exception>
    public (Tensor Values, Tensor Indices) KthValue(int rank, int axis = -1, bool largest = true)
    {
        int at = Shape.Axis(axis, nameof(KthValue)), length = Shape[at];
        return rank >= 1 && rank <= length
            ? Select(nameof(KthValue), at, 1, !largest, rank)
            : throw new ArgumentOutOfRangeException(
                nameof(rank), $"KthValue: no such rank (got {rank}, expected 1 to {length} for shape {Shape})");
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

/// <summary>√x whose derivative at zero is taken as zero: the gradient of a norm at the origin.</summary>
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
