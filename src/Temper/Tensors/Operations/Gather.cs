using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Elements chosen along an axis by an index of the result's shape, as <c>torch.gather</c> does.</summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="index">Int64, this shape except along the axis; each 0 to length - 1.</param>
    /// <returns>The shape of the index.</returns>
    /// <exception cref="ShapeMismatchException">The index has another shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside the axis.</exception>
    public Tensor Gather(int axis, Tensor index) => new GatherOperation(this, index, Shape.Axis(axis, nameof(Gather))).Apply();

    /// <summary>Whole slices chosen along an axis, in the order of the index; a slice may be chosen again.</summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="index">Int64 <c>[K]</c>, each 0 to length - 1.</param>
    /// <returns>This shape with length K along the axis.</returns>
    /// <exception cref="ShapeMismatchException">The index is not <c>[K]</c>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside the axis.</exception>
    public Tensor IndexSelect(int axis, Tensor index) =>
        new IndexSelectOperation(this, index, Shape.Axis(axis, nameof(IndexSelect))).Apply();
}

internal sealed class GatherOperation(Tensor x, Tensor index, int axis) : Operation(x)
{
    internal override string Name => "Gather";

    private (int Outer, int Axis, int Inner) Size => (x.Shape.CountOf(0, axis), x.Shape[axis], x.Shape.CountOf(axis + 1, x.Rank));

    protected override Tensor Forward()
    {
        if (index.Rank != x.Rank || !index.Shape.With(axis, 0).Equals(x.Shape.With(axis, 0)))
        {
            throw new ShapeMismatchException(Name, index.Shape, x.Shape, $"an index has the input's lengths except along axis {axis}");
        }

        IndexCheck.Require(Name, index, x.Shape[axis]);
        Tensor y = Tensor.Allocate(index.Shape);
        Gathering.Along(x.ToRowMajor().Physical(), index.Physical<long>(), y.Writable(), Size, index.Shape[axis]);
        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        dx.Writable().Clear();
        Gathering.AddAlong(gradient.ToRowMajor().Physical(), index.Physical<long>(), dx.Writable(), Size, index.Shape[axis]);
        inputs.Add(0, dx);
    }
}

internal sealed class IndexSelectOperation(Tensor x, Tensor index, int axis) : Operation(x)
{
    internal override string Name => "IndexSelect";

    protected override Tensor Forward()
    {
        if (index.Rank != 1)
        {
            throw new ShapeMismatchException(Name, index.Shape, "an index [K]");
        }

        IndexCheck.Require(Name, index, x.Shape[axis]);
        Tensor y = Tensor.Allocate(x.Shape.With(axis, index.Count));
        Gathering.Rows(
            x.ToRowMajor().Physical(), index.Physical<long>(), y.Writable(), x.Shape.CountOf(0, axis), x.Shape[axis], x.Shape.CountOf(axis + 1, x.Rank));
        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        dx.Writable().Clear();
        Gathering.AddRows(
            gradient.ToRowMajor().Physical(), index.Physical<long>(), dx.Writable(), x.Shape.CountOf(0, axis), x.Shape[axis], x.Shape.CountOf(axis + 1, x.Rank));
        inputs.Add(0, dx);
    }
}

internal static class IndexCheck
{
    /// <summary>Throws when an index is outside an axis.</summary>
    internal static void Require(string operation, Tensor index, int length)
    {
        foreach (long place in index.Physical<long>())
        {
            if ((ulong)place >= (ulong)length)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(index), $"{operation}: an index is outside the axis (got {place}, expected 0 to {length - 1})");
            }
        }
    }
}
