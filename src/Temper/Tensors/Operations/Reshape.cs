namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// The same elements, in row-major order, under another shape. Copies only if memory is in another order.
    /// </summary>
    /// <param name="shape">
    /// As many elements; use <see cref="Reshape(ReadOnlySpan{int})"/> for an axis to be found.
    /// </param>
    /// <exception cref="ShapeMismatchException">The number of elements differs.</exception>
    public Tensor Reshape(Shape shape) => new ViewOperation(this, shape).Apply();

    /// <summary>The same elements under another shape, one of whose lengths may be -1: as many as are left.</summary>
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
    /// Axes from <paramref name="start"/> on merged into one, <c>[N, C, H, W]</c> to <c>[N, C H W]</c> by default.
    /// </summary>
    /// <param name="start">First axis to merge.</param>
    public Tensor Flatten(int start = 1)
    {
        int first = start == Rank ? start : Shape.Axis(start, nameof(Flatten));
        return Reshape(Shape.Create([.. Shape.AsSpan()[..first], Shape.CountOf(first, Rank)]));
    }

    /// <summary>Without an axis of length 1.</summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <exception cref="ShapeMismatchException">Its length is not 1.</exception>
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

    /// <summary>With a new axis of length 1.</summary>
    /// <param name="axis">Where it will stand, 0 to rank; -1 is after the last.</param>
    public Tensor Unsqueeze(int axis)
    {
        int at = axis < 0 ? axis + Rank + 1 : axis;
        if ((uint)at > (uint)Rank)
        {
            throw new ArgumentOutOfRangeException(
                nameof(axis),
                $"Unsqueeze: no such place for an axis (got {axis}, expected {-Rank - 1} to {Rank} for shape {Shape})");
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
        : throw new ShapeMismatchException(Name, x.Shape, shape, "the number of elements stays the same");

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs) =>
        inputs.Add(0, gradient.ToRowMajor().View(x.Shape));
}
