using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Broadcasting that preserves the channels-last layout, and the sums that are its gradient.</summary>
internal static class BroadcastLayout
{
    /// <summary>
    /// Returns the layout of a broadcast result: channels-last if both operands have rank 4 and the one with the shape
    /// of the result is channels-last.
    /// </summary>
    internal static Layout Of(Tensor x, Tensor y, Shape result) =>
        x.Rank == 4 && y.Rank == 4 && (x.Shape.Equals(result) ? x : y).Layout == Layout.ChannelsLast
            ? Layout.ChannelsLast
            : Layout.RowMajor;

    internal static Tensor Move(Tensor x, Layout layout) =>
        layout == Layout.RowMajor ? x.ToRowMajor() : x.InLayout(layout);

    /// <summary>Returns the axis lengths in memory order.</summary>
    internal static int[] PhysicalShape(Tensor x, Layout layout)
    {
        Shape s = x.Shape;
        return layout == Layout.RowMajor ? s.AsSpan().ToArray() : [s[0], s[2], s[3], s[1]];
    }

    /// <summary>Expands a tensor to the shape and layout of the result it was broadcast to.</summary>
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
    /// Returns the gradient of an operand of the given shape: the gradient summed over the broadcast axes.
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
