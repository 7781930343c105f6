namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>The same elements, in row-major order, under another shape. Shares memory where the order in memory allows it.</summary>
    /// <param name="shape">A shape of as many elements.</param>
    /// <exception cref="ShapeMismatchException">The number of elements differs.</exception>
    public Tensor Reshape(Shape shape) => new ReshapeOperation(this, shape).Apply();

    /// <summary>Makes one axis of all axes from a first to the last: <c>[N, C, H, W]</c> to <c>[N, D]</c>.</summary>
    /// <param name="firstAxis">The first axis that goes in; those before stay.</param>
    public Tensor Flatten(int firstAxis = 1)
    {
        int axis = Shape.Axis(firstAxis, "Flatten");
        return Reshape(Shape.Create([.. Shape.AsSpan()[..axis], Shape.CountOf(axis, Rank)]));
    }
}

internal sealed class ReshapeOperation(Tensor x, Shape shape) : Operation(x)
{
    internal override string Name => "Reshape";

    protected override Tensor Forward() => shape.Count == x.Count
        ? x.ToRowMajor().View(shape)
        : throw new ShapeMismatchException("Reshape", x.Shape, shape, "the number of elements stays");

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs) =>
        inputs.Add(0, gradient.ToRowMajor().View(x.Shape));
}
