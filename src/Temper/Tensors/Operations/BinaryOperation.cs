using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// An elementwise function of two operands, and its derivatives. The gradient methods receive both operands expanded to
/// the shape of the result.
/// </summary>
internal interface IBinaryFunction
{
    /// <summary>Public name of the operation, used in error messages.</summary>
    string Name { get; }

    /// <summary>Computes z = f(x, y), with the operands broadcast to the shape of the result.</summary>
    void Value(in BroadcastOperands operands, Span<float> z);

    /// <summary>Computes the gradient of the left operand.</summary>
    void Left(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dx);

    /// <summary>Computes the gradient of the right operand.</summary>
    void Right(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dy);
}

/// <summary>Two operands in memory order, each with its axis lengths in memory order.</summary>
internal readonly ref struct BroadcastOperands
{
    internal required ReadOnlySpan<float> X { get; init; }

    internal required ReadOnlySpan<int> XShape { get; init; }

    internal required ReadOnlySpan<float> Y { get; init; }

    internal required ReadOnlySpan<int> YShape { get; init; }

    /// <summary>Computes z = f(x, y) with an operator of the kernels.</summary>
    internal void Apply<TOperator>(TOperator f, Span<float> z)
        where TOperator : unmanaged, IBinaryOperator
    {
        if (XShape.SequenceEqual(YShape))
        {
            Elementwise.Apply(f, X, Y, z);
        }
        else
        {
            Broadcasting.Apply(f, X, XShape, Y, YShape, z);
        }
    }
}

/// <summary>Applies an elementwise function to two tensors, with broadcasting.</summary>
internal sealed class BinaryOperation<TFunction>(Tensor x, Tensor y, TFunction f = default) : Operation(x, y)
    where TFunction : struct, IBinaryFunction
{
    internal override string Name => f.Name;

    protected override Tensor Forward()
    {
        Shape shape = Shape.Broadcast(x.Shape, y.Shape, Name);
        Layout layout = BroadcastLayout.Of(x, y, shape);
        (Tensor left, Tensor right) = (BroadcastLayout.Move(x, layout), BroadcastLayout.Move(y, layout));
        Tensor z = Tensor.Allocate(shape, layout);
        var operands = new BroadcastOperands
        {
            X = left.Physical(), XShape = BroadcastLayout.PhysicalShape(left, layout),
            Y = right.Physical(), YShape = BroadcastLayout.PhysicalShape(right, layout),
        };
        f.Value(operands, z.Writable());
        return z;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Layout layout = output.Layout;
        Tensor dz = gradient.InLayoutOf(output);
        Tensor left = BroadcastLayout.Expand(x, output);
        Tensor right = BroadcastLayout.Expand(y, output);
        if (inputs.Wants(0))
        {
            Tensor dx = Tensor.Allocate(output.Shape, layout);
            f.Left(left.Physical(), right.Physical(), output.Physical(), dz.Physical(), dx.Writable());
            inputs.Add(0, BroadcastLayout.SumTo(dx, x.Shape));
        }

        if (inputs.Wants(1))
        {
            Tensor dy = Tensor.Allocate(output.Shape, layout);
            f.Right(left.Physical(), right.Physical(), output.Physical(), dz.Physical(), dy.Writable());
            inputs.Add(1, BroadcastLayout.SumTo(dy, y.Shape));
        }
    }
}
