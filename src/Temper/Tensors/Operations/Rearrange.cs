using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Permutes the axes: axis k of the result is axis <c>order[k]</c> of this tensor.</summary>
    /// <param name="order">Each axis exactly once; negative values count from the end.</param>
    /// <exception cref="ArgumentException">An axis is missing or repeated.</exception>
    public Tensor Permute(params ReadOnlySpan<int> order)
    {
        int[] axes = new int[order.Length];
        for (int i = 0; i < axes.Length; i++)
        {
            axes[i] = Shape.Axis(order[i], nameof(Permute));
        }

        if (axes.Length != Rank || axes.Distinct().Count() != Rank)
        {
            throw new ArgumentException(
                $"Permute: each axis must be named once (got [{string.Join(", ", axes)}] for shape {Shape})",
                nameof(order));
        }

        return new PermuteOperation(this, axes).Apply();
    }

    /// <summary>Swaps the last two axes, <c>[..., R, C]</c> to <c>[..., C, R]</c>.</summary>
    public Tensor Transpose()
    {
        int[] order = Enumerable.Range(0, Rank).ToArray();
        _ = Shape.Axis(-2, nameof(Transpose));
        (order[^1], order[^2]) = (order[^2], order[^1]);
        return Permute(order);
    }

    /// <summary>
    /// Takes every <paramref name="step"/>-th element along an axis, from <paramref name="start"/> (inclusive) to
    /// <paramref name="stop"/> (exclusive).
    /// </summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <param name="start">First index; negative values count from the end. Clipped to the axis, as in Python.</param>
    /// <param name="stop">Index after the last; negative values count from the end. Clipped to the axis.</param>
    /// <param name="step">Distance between taken elements; 1 or more.</param>
    public Tensor Slice(int axis, int start, int stop = int.MaxValue, int step = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        int at = Shape.Axis(axis, nameof(Slice));
        int length = Shape[at];
        int first = Math.Clamp(start < 0 ? start + length : start, 0, length);
        int last = Math.Clamp(stop < 0 ? stop + length : stop, first, length);
        int count = last == first ? 0 : ((last - first - 1) / step) + 1;
        return new SliceOperation(this, at, first, count, step).Apply();
    }

    /// <summary>Reverses the order of the elements along some axes.</summary>
    /// <param name="axes">The axes; negative values count from the end.</param>
    public Tensor Flip(params ReadOnlySpan<int> axes)
    {
        bool[] turned = new bool[Rank];
        foreach (int axis in axes)
        {
            turned[Shape.Axis(axis, nameof(Flip))] = true;
        }

        return new FlipOperation(this, turned).Apply();
    }

    /// <summary>Concatenates tensors along an axis. All other lengths must be equal.</summary>
    /// <param name="tensors">One or more tensors of the same dtype.</param>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <exception cref="ShapeMismatchException">Another length differs.</exception>
    public static Tensor Concatenate(IReadOnlyList<Tensor> tensors, int axis)
    {
        ArgumentOutOfRangeException.ThrowIfZero(tensors.Count);
        return new ConcatenateOperation([.. tensors], tensors[0].Shape.Axis(axis, nameof(Concatenate))).Apply();
    }

    /// <summary>Stacks tensors of the same shape along a new axis.</summary>
    /// <param name="tensors">One or more tensors of the same dtype.</param>
    /// <param name="axis">Index of the new axis in the result; -1: the last.</param>
    public static Tensor Stack(IReadOnlyList<Tensor> tensors, int axis = 0)
    {
        ArgumentOutOfRangeException.ThrowIfZero(tensors.Count);
        int at = axis < 0 ? axis + tensors[0].Rank + 1 : axis;
        return Concatenate([.. tensors.Select(t => t.Unsqueeze(at))], at);
    }

    /// <summary>Repeats axes of length 1 to expand the tensor to a larger shape.</summary>
    /// <param name="shape">A shape to which this tensor broadcasts.</param>
    /// <exception cref="ShapeMismatchException">This tensor does not broadcast to <paramref name="shape"/>.</exception>
    public Tensor Expand(Shape shape) => new ExpandOperation(this, shape).Apply();
}

internal sealed class PermuteOperation(Tensor x, int[] order) : Operation(x)
{
    internal override string Name => "Permute";

    protected override Tensor Forward() => Permuted(x, order);

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        int[] inverse = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            inverse[order[i]] = i;
        }

        inputs.Add(0, Permuted(gradient, inverse));
    }

    private static Tensor Permuted(Tensor x, int[] order)
    {
        int[] lengths = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            lengths[i] = x.Shape[order[i]];
        }

        return ElementSwitch.Read(x, StridedView.Permuted(x.Shape.AsSpan(), order), Shape.Create(lengths));
    }
}

internal sealed class SliceOperation(Tensor x, int axis, int start, int count, int step) : Operation(x)
{
    internal override string Name => "Slice";

    protected override Tensor Forward() => ElementSwitch.Read(x, View(), x.Shape.With(axis, count));

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        dx.Writable().Clear();
        StridedCopies.Write(gradient.ToRowMajor().Physical(), dx.Writable(), View());
        inputs.Add(0, dx);
    }

    private StridedView View()
    {
        int[] starts = new int[x.Rank];
        int[] steps = new int[x.Rank];
        Array.Fill(steps, 1);
        (starts[axis], steps[axis]) = (start, step);
        return StridedView.Sliced(x.Shape.AsSpan(), starts, x.Shape.With(axis, count).AsSpan(), steps);
    }
}

internal sealed class ConcatenateOperation(Tensor[] tensors, int axis) : Operation(tensors)
{
    internal override string Name => "Concatenate";

    protected override Tensor Forward()
    {
        int total = 0;
        foreach (Tensor part in Inputs)
        {
            if (part.Rank != Inputs[0].Rank || !part.Shape.With(axis, 0).Equals(Inputs[0].Shape.With(axis, 0)))
            {
                throw new ShapeMismatchException(
                    Name, part.Shape, Inputs[0].Shape, $"lengths must be equal except along axis {axis}");
            }

            total = checked(total + part.Shape[axis]);
        }

        Tensor y = ElementSwitch.Allocate(Inputs[0].DType, Inputs[0].Shape.With(axis, total));
        int start = 0;
        foreach (Tensor part in Inputs)
        {
            IntegerOperations.RequireOneType(Name, Inputs[0], part);
            ElementSwitch.Write(part, y, View(y.Shape, part.Shape, start));
            start += part.Shape[axis];
        }

        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        int start = 0;
        for (int i = 0; i < Inputs.Length; i++)
        {
            if (inputs.Wants(i))
            {
                Tensor dx = Tensor.Allocate(Inputs[i].Shape);
                StridedCopies.Read(
                    gradient.ToRowMajor().Physical(), View(output.Shape, Inputs[i].Shape, start), dx.Writable());
                inputs.Add(i, dx);
            }

            start += Inputs[i].Shape[axis];
        }
    }

    private StridedView View(Shape whole, Shape part, int start)
    {
        int[] starts = new int[whole.Rank];
        starts[axis] = start;
        return StridedView.Sliced(whole.AsSpan(), starts, part.AsSpan(), []);
    }
}

internal sealed class ExpandOperation(Tensor x, Shape shape) : Operation(x)
{
    internal override string Name => "Expand";

    protected override Tensor Forward()
    {
        if (!Shape.Broadcast(x.Shape, shape, Name).Equals(shape))
        {
            throw new ShapeMismatchException(Name, x.Shape, shape, "the first must broadcast to the second");
        }

        return x.Shape.Equals(shape) && x.DType != DType.Float32
            ? x
            : ElementSwitch.Run<ExpandBody, Tensor>(x.DType, new(x, shape));
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs) =>
        inputs.Add(0, BroadcastLayout.SumTo(gradient, x.Shape));

    private readonly struct ExpandBody(Tensor x, Shape shape) : IElementBody<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, IEquatable<T>, IComparable<T>
        {
            Tensor y = Tensor.Allocate<T>(shape);
            Broadcasting.Expand(x.ToRowMajor().Physical<T>(), x.Shape.AsSpan(), y.Writable<T>(), shape.AsSpan());
            return y;
        }
    }
}

internal sealed class FlipOperation(Tensor x, bool[] turned) : Operation(x)
{
    internal override string Name => "Flip";

    protected override Tensor Forward() => Flipped(x);

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs) =>
        inputs.Add(0, Flipped(gradient));

    private Tensor Flipped(Tensor tensor)
    {
        if (tensor.Count == 0)
        {
            return tensor.Detach();
        }

        int[] starts = new int[tensor.Rank], steps = new int[tensor.Rank];
        for (int axis = 0; axis < starts.Length; axis++)
        {
            (starts[axis], steps[axis]) = turned[axis] ? (tensor.Shape[axis] - 1, -1) : (0, 1);
        }

        return ElementSwitch.Read(
            tensor, StridedView.Sliced(tensor.Shape.AsSpan(), starts, tensor.Shape.AsSpan(), steps), tensor.Shape);
    }
}
