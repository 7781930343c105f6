namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Returns the same elements, in row-major order, with another shape. Copies only if the memory layout is not
    /// row-major.
    /// </summary>
    /// <param name="shape">
    /// A shape with the same number of elements. Use <see cref="Reshape(ReadOnlySpan{int})"/> to infer a length.
    /// </param>
    /// <exception cref="ShapeMismatchException">The number of elements differs.</exception>
    public Tensor Reshape(Shape shape) => new ViewOperation(this, shape).Apply();

    /// <summary>
    /// Returns the same elements with another shape, of which one length may be -1: it is inferred from the others.
    /// </summary>
    /// <param name="lengths">Axis lengths, at most one of them -1.</param>
    /// <exception cref="ShapeMismatchException">The number of elements differs.</exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public Tensor Reshape(params ReadOnlySpan<int> lengths)
    {
        int[] known = lengths.ToArray();
        int open = Array.IndexOf(known, -1);
        if (open >= 0)
        {
            known[open] = 1;
            int rest = Shape.Create(known).Count;
            if (rest == 0 || Count % rest != 0)
            {
                throw new ShapeMismatchException(
                    "Reshape", Shape, $"a multiple of {rest} elements for [{string.Join(", ", lengths.ToArray())}]");
            }

            known[open] = Count / rest;
        }

        return Reshape(Shape.Create(known));
    }

    /// <summary>
    /// Merges the axes from <paramref name="start"/> on into one; by default <c>[N, C, H, W]</c> to <c>[N, C H W]</c>.
    /// </summary>
    /// <param name="start">First axis to merge.</param>
    public Tensor Flatten(int start = 1)
    {
        int first = start == Rank ? start : Shape.Axis(start, nameof(Flatten));
        return Reshape(Shape.Create([.. Shape.AsSpan()[..first], Shape.CountOf(first, Rank)]));
    }

    /// <summary>Removes an axis of length 1.</summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <exception cref="ShapeMismatchException">The length of the axis is not 1.</exception>
    public Tensor Squeeze(int axis)
    {
        int at = Shape.Axis(axis, nameof(Squeeze));
        if (Shape[at] != 1)
        {
            throw new ShapeMismatchException("Squeeze", Shape, $"length 1 at axis {at}");
        }

        ReadOnlySpan<int> lengths = Shape.AsSpan();
        return Reshape(Shape.Create([.. lengths[..at], .. lengths[(at + 1)..]]));
    }

    /// <summary>Inserts a new axis of length 1.</summary>
    /// <param name="axis">Index of the new axis, 0 to rank; -1: after the last.</param>
    public Tensor Unsqueeze(int axis)
    {
        int at = axis < 0 ? axis + Rank + 1 : axis;
        if ((uint)at > (uint)Rank)
        {
            throw new ArgumentOutOfRangeException(
                nameof(axis),
                $"Unsqueeze: the axis is out of range (got {axis}, expected {-Rank - 1} to {Rank} for shape {Shape})");
        }

        ReadOnlySpan<int> lengths = Shape.AsSpan();
        return Reshape(Shape.Create([.. lengths[..at], 1, .. lengths[at..]]));
    }
}

internal sealed class ViewOperation(Tensor x, Shape shape) : Operation(x)
{
    internal override string Name => "Reshape";

    protected override Tensor Forward() => x.Count == shape.Count
        ? x.ToRowMajor().View(shape)
        : throw new ShapeMismatchException(Name, x.Shape, shape, "the number of elements must be equal");

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs) =>
        inputs.Add(0, gradient.ToRowMajor().View(x.Shape));
}
