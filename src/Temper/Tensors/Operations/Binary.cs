using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// The sum of two tensors of one dtype, not Bool; shapes broadcast as in PyTorch. Integers wrap around.
    /// </summary>
    /// <param name="other">A shape that broadcasts with this one.</param>
    /// <exception cref="ShapeMismatchException">The shapes do not broadcast.</exception>
    /// <exception cref="ArgumentException">The dtypes differ or are Bool, or an integer divisor is zero.</exception>
    public Tensor Add(Tensor other) => IntegerOperations.AreIntegers("Add", this, other)
        ? IntegerOperations.Binary<IntegerSum>("Add", this, other)
        : new AddOperation(this, other).Apply();

    /// <summary>The difference of two tensors; shapes broadcast.</summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Subtract(Tensor other) => IntegerOperations.AreIntegers("Subtract", this, other)
        ? IntegerOperations.Binary<IntegerDifference>("Subtract", this, other)
        : new BinaryOperation<SubtractFunction>(this, other).Apply();

    /// <summary>The product of each pair of elements; shapes broadcast.</summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Multiply(Tensor other) => IntegerOperations.AreIntegers("Multiply", this, other)
        ? IntegerOperations.Binary<IntegerProduct>("Multiply", this, other)
        : new BinaryOperation<MultiplyFunction>(this, other).Apply();

    /// <summary>The quotient of each pair of elements, for integers cut off towards zero; shapes broadcast.</summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Divide(Tensor other) => IntegerOperations.AreIntegers("Divide", this, other)
        ? IntegerOperations.Divide(this, other)
        : new BinaryOperation<DivideFunction>(this, other).Apply();

    /// <summary>
    /// The larger of each pair of elements, NaN if either is; of equal ones each gets half the gradient. Shapes
    /// broadcast.
    /// </summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Maximum(Tensor other) => IntegerOperations.AreIntegers("Maximum", this, other)
        ? IntegerOperations.Binary<IntegerMaximum>("Maximum", this, other)
        : new BinaryOperation<MaximumFunction>(this, other).Apply();

    /// <summary>
    /// The smaller of each pair of elements, NaN if either is; of equal ones each gets half the gradient. Shapes
    /// broadcast.
    /// </summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Minimum(Tensor other) => IntegerOperations.AreIntegers("Minimum", this, other)
        ? IntegerOperations.Binary<IntegerMinimum>("Minimum", this, other)
        : new BinaryOperation<MinimumFunction>(this, other).Apply();

    /// <summary>Each element to the power of another; shapes broadcast.</summary>
    /// <param name="exponent">A shape that broadcasts with this one.</param>
    /// <exception cref="ShapeMismatchException">The shapes do not broadcast.</exception>
    /// <exception cref="ArgumentException">The dtypes differ or are Bool.</exception>
    public Tensor Pow(Tensor exponent) => IntegerOperations.AreIntegers("Pow", this, exponent)
        ? IntegerOperations.Binary<IntegerPower>("Pow", this, exponent)
        : new BinaryOperation<TensorPowerFunction>(this, exponent).Apply();

    /// <summary>The sum of two tensors.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => a.Add(b);

    /// <summary>A number added to each element.</summary>
    public static Tensor operator +(Tensor a, float b) => a.Affine(1, b);

    /// <summary>The difference of two tensors.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => a.Subtract(b);

    /// <summary>A number subtracted from each element.</summary>
    public static Tensor operator -(Tensor a, float b) => a.Affine(1, -b);

    /// <summary>The negative of each element.</summary>
    public static Tensor operator -(Tensor a) => a.Negate();

    /// <summary>The product of each pair of elements.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => a.Multiply(b);

    /// <summary>Each element times a number.</summary>
    public static Tensor operator *(Tensor a, float b) => a.Affine(b, 0);

    /// <summary>Each element times a number.</summary>
    public static Tensor operator *(float a, Tensor b) => b.Affine(a, 0);

    /// <summary>The quotient of each pair of elements.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => a.Divide(b);

    /// <summary>Each element divided by a number.</summary>
    public static Tensor operator /(Tensor a, float b) => a.Affine(1 / b, 0);
}

/// <summary>A sum: the gradient passes on as it is, without a copy.</summary>
internal sealed class AddOperation(Tensor x, Tensor y) : Operation(x, y)
{
    internal override string Name => "Add";

    protected override Tensor Forward()
    {
        Shape shape = Shape.Broadcast(x.Shape, y.Shape, Name);
        Layout layout = BroadcastLayout.Of(x, y, shape);
        (Tensor left, Tensor right) = (BroadcastLayout.Move(x, layout), BroadcastLayout.Move(y, layout));
        Tensor z = Tensor.Allocate(shape, layout);
        if (x.Shape.Equals(y.Shape))
        {
            Elementwise.Apply(default(AddKernel), left.Physical(), right.Physical(), z.Writable());
        }
        else
        {
            Broadcasting.Apply(
                default(AddKernel), left.Physical(), BroadcastLayout.PhysicalShape(left, layout),
                right.Physical(), BroadcastLayout.PhysicalShape(right, layout), z.Writable());
        }

        return z;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        inputs.Add(0, BroadcastLayout.SumTo(gradient, x.Shape));
        inputs.Add(1, BroadcastLayout.SumTo(gradient, y.Shape));
    }
}
