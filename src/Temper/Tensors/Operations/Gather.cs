using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Takes elements along an axis at the given indices, like <c>torch.gather</c>.</summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="index">
    /// Int64 or int32 indices; same shape as this tensor except along the axis. Each must be less than the length of
    /// the axis; negative values count from the end.
    /// </param>
    /// <returns>A tensor of the shape of <paramref name="index"/>.</returns>
    /// <exception cref="ShapeMismatchException">The index has a wrong shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is out of range.</exception>
    public Tensor Gather(int axis, Tensor index)
    {
        int at = Shape.Axis(axis, nameof(Gather));
        return new GatherOperation(this, IndexCheck.Indices("Gather", index, Shape[at]), at).Apply();
    }

    /// <summary>
    /// Takes whole slices along an axis, in the order of the indices; a slice may be taken repeatedly.
    /// </summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="index">
    /// Int64 or int32 <c>[K]</c>, each less than the length of the axis; negative values count from the end.
    /// </param>
    /// <returns>A tensor of this shape, but with length K along the axis.</returns>
    /// <exception cref="ShapeMismatchException">The index is not <c>[K]</c>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is out of range.</exception>
    public Tensor IndexSelect(int axis, Tensor index)
    {
        int at = Shape.Axis(axis, nameof(IndexSelect));
        return new IndexSelectOperation(this, IndexCheck.Indices("IndexSelect", index, Shape[at]), at).Apply();
    }
}

internal sealed class GatherOperation(Tensor x, Tensor index, int axis) : Operation(x)
{
    internal override string Name => "Gather";

    private (int Outer, int Axis, int Inner) Size =>
        (x.Shape.CountOf(0, axis), x.Shape[axis], x.Shape.CountOf(axis + 1, x.Rank));

    internal override Tensor[] Constants => [index];

    protected override Tensor Forward()
    {
        if (index.Rank != x.Rank || !index.Shape.With(axis, 0).Equals(x.Shape.With(axis, 0)))
        {
            throw new ShapeMismatchException(
                Name, index.Shape, x.Shape, $"the index must have the input's shape except along axis {axis}");
        }

        return ElementSwitch.Run<ForwardBody, Tensor>(x.DType, new(this, x, index, axis));
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        dx.Writable().Clear();
        Gathering.AddAlong(
            gradient.ToRowMajor().Physical(), index.Physical<long>(), dx.Writable(), Size, index.Shape[axis]);
        inputs.Add(0, dx);
    }

    private readonly struct ForwardBody(GatherOperation gather, Tensor x, Tensor index, int axis) : IElementBody<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, IEquatable<T>, IComparable<T>
        {
            Tensor y = Tensor.Allocate<T>(index.Shape);
            Gathering.Along(
                x.ToRowMajor().Physical<T>(), index.Physical<long>(), y.Writable<T>(), gather.Size, index.Shape[axis]);
            return y;
        }
    }
}

internal sealed class IndexSelectOperation(Tensor x, Tensor index, int axis) : Operation(x)
{
    internal override string Name => "IndexSelect";

    internal override Tensor[] Constants => [index];

    protected override Tensor Forward()
    {
        if (index.Rank != 1)
        {
            throw new ShapeMismatchException(Name, index.Shape, "an index [K]");
        }

        return ElementSwitch.Run<ForwardBody, Tensor>(x.DType, new(x, index, axis));
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        dx.Writable().Clear();
        Gathering.AddRows(
            gradient.ToRowMajor().Physical(), index.Physical<long>(), dx.Writable(), x.Shape.CountOf(0, axis),
            x.Shape[axis], x.Shape.CountOf(axis + 1, x.Rank));
        inputs.Add(0, dx);
    }

    private readonly struct ForwardBody(Tensor x, Tensor index, int axis) : IElementBody<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, IEquatable<T>, IComparable<T>
        {
            Tensor y = Tensor.Allocate<T>(x.Shape.With(axis, index.Count));
            Gathering.Rows(
                x.ToRowMajor().Physical<T>(), index.Physical<long>(), y.Writable<T>(), x.Shape.CountOf(0, axis),
                x.Shape[axis],
                x.Shape.CountOf(axis + 1, x.Rank));
            return y;
        }
    }
}

internal static class IndexCheck
{
    /// <summary>
    /// Converts indices to int64 and negative indices to nonnegative ones. Throws if an index is out of range.
    /// </summary>
    internal static Tensor Indices(string operation, Tensor index, int length)
    {
        if (index.DType is not (DType.Int64 or DType.Int32))
        {
            throw new ArgumentException(
                $"{operation}: needs int64 or int32 indices (got {index.DType}); convert them with To", nameof(index));
        }

        Tensor indices = index.To(DType.Int64);
        bool isNegative = false;
        foreach (long value in indices.AsSpan<long>())
        {
            isNegative |= value < 0;
            if (value < -length || value >= length)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(index),
                    $"{operation}: an index is out of range (got {value}, expected {-length} to {length - 1})");
            }
        }

        return isNegative
            ? indices.Add(Tensor.Scalar((long)length)).Where(indices.LessThan(Tensor.Scalar(0L)), indices)
            : indices;
    }
}
