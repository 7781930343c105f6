using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Broadcasting without leaving channels-last memory, and the sums that are its gradient.</summary>
internal static class BroadcastLayout
{
    /// <summary>
    /// The order for the result: channels-last where both operands have four axes and the larger is in it.
    /// </summary>
    internal static Layout Of(Tensor x, Tensor y, Shape result) =>
        x.Rank == 4 && y.Rank == 4 && (x.Shape.Equals(result) ? x : y).Layout == Layout.ChannelsLast
            ? Layout.ChannelsLast
            : Layout.RowMajor;

    internal static Tensor Move(Tensor x, Layout layout) =>
        layout == Layout.RowMajor ? x.ToRowMajor() : x.InLayout(layout);

    /// <summary>Axis lengths in the order in which they lie in memory.</summary>
    internal static int[] PhysicalShape(Tensor x, Layout layout)
    {
        Shape s = x.Shape;
        return layout == Layout.RowMajor ? s.AsSpan().ToArray() : [s[0], s[2], s[3], s[1]];
    }

    /// <summary>A tensor in the shape and the order of a result that it was broadcast to.</summary>
    internal static Tensor Expand(Tensor x, Tensor result)
    {
        Tensor moved = Move(x, result.Layout);
        if (x.Shape.Equals(result.Shape))
        {
            return moved;
        }

        Tensor expanded = Tensor.Allocate(result.Shape, result.Layout);
        Broadcasting.Expand(
            moved.Physical(), PhysicalShape(moved, result.Layout), expanded.Writable(),
            PhysicalShape(expanded, result.Layout));
        return expanded;
    }

    /// <summary>
    /// The gradient of an operand of the given shape: summed over the axes along which it was repeated.
    /// </summary>
    internal static Tensor SumTo(Tensor gradient, Shape shape)
    {
        if (gradient.Shape.Equals(shape))
        {
            return gradient;
        }

        Tensor sum = gradient.ToRowMajor();
        int extra = gradient.Rank - shape.Rank;
        for (int axis = gradient.Rank - 1; axis >= 0; axis--)
        {
            if (axis < extra || (shape[axis - extra] == 1 && sum.Shape[axis] != 1))
            {
                sum = SumAxis(sum, axis);
            }
        }

        return sum.View(shape);
    }

    private static Tensor SumAxis(Tensor x, int axis)
    {
        Tensor sum = Tensor.Allocate(x.Shape.With(axis, 1));
        Reductions.Axis(
            default(SumReducer), x.Physical(), sum.Writable(), x.Shape.CountOf(0, axis), x.Shape[axis],
            x.Shape.CountOf(axis + 1, x.Rank));
        return sum;
    }
}
