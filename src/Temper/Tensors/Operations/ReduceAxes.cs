namespace Temper.Tensors;

/// <summary>Axes of a reduction.</summary>
internal static class ReduceAxes
{
    internal static int[] Sorted(Shape shape, ReadOnlySpan<int> axes, string operation)
    {
        if (axes.IsEmpty)
        {
            return Enumerable.Range(0, shape.Rank).ToArray();
        }

        int[] sorted = new int[axes.Length];
        for (int i = 0; i < sorted.Length; i++)
        {
            sorted[i] = shape.Axis(axes[i], operation);
        }

        Array.Sort(sorted);
        return sorted.Distinct().Count() == sorted.Length
            ? sorted
            : throw new ArgumentException(
                $"{operation}: an axis is named twice (got [{string.Join(", ", sorted)}])", nameof(axes));
    }

    internal static Shape Without(Shape shape, int axis, bool keepDims) => Without(shape, [axis], keepDims);

    internal static Shape Without(Shape shape, int[] axes, bool keepDims)
    {
        List<int> lengths = [];
        for (int i = 0; i < shape.Rank; i++)
        {
            if (Array.IndexOf(axes, i) < 0)
            {
                lengths.Add(shape[i]);
            }
            else if (keepDims)
            {
                lengths.Add(1);
            }
        }

        return Shape.Create([.. lengths]);
    }

    internal static void RequireElements(string operation, Tensor x, int axis)
    {
        if (x.Shape[axis] == 0)
        {
            throw new ShapeMismatchException(operation, x.Shape, $"at least one element along axis {axis}");
        }
    }
}
