using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Adds two tensors of the same dtype (not Bool) elementwise, with broadcasting. Integer overflow wraps around.
    /// </summary>
    /// <param name="other">The second operand; its shape must broadcast with this one.</param>
    /// <exception cref="ShapeMismatchException">The shapes do not broadcast.</exception>
    /// <exception cref="ArgumentException">
    /// The dtypes differ or are Bool. For division: an integer divisor is 0.
    /// </exception>
    public Tensor Add(Tensor other) => IntegerOperations.AreIntegers("Add", this, other)
        ? IntegerOperations.Binary<IntegerSum>("Add", this, other)
        : new AddOperation(this, other).Apply();

    /// <summary>Subtracts two tensors elementwise, with broadcasting.</summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Subtract(Tensor other) => IntegerOperations.AreIntegers("Subtract", this, other)
        ? IntegerOperations.Binary<IntegerDifference>("Subtract", this, other)
        : new BinaryOperation<SubtractFunction>(this, other).Apply();

    /// <summary>Multiplies two tensors elementwise, with broadcasting.</summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Multiply(Tensor other) => IntegerOperations.AreIntegers("Multiply", this, other)
        ? IntegerOperations.Binary<IntegerProduct>("Multiply", this, other)
        : new BinaryOperation<MultiplyFunction>(this, other).Apply();

    /// <summary>
    /// Divides two tensors elementwise, with broadcasting. Integer quotients are truncated toward zero.
    /// </summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Divide(Tensor other) => IntegerOperations.AreIntegers("Divide", this, other)
        ? IntegerOperations.Divide(this, other)
        : new BinaryOperation<DivideFunction>(this, other).Apply();

    /// <summary>
    /// Computes the elementwise maximum, with broadcasting; NaN if either element is NaN. If both are equal, each gets
    /// half of the gradient.
    /// </summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Maximum(Tensor other) => IntegerOperations.AreIntegers("Maximum", this, other)
        ? IntegerOperations.Binary<IntegerMaximum>("Maximum", this, other)
        : new BinaryOperation<MaximumFunction>(this, other).Apply();

    /// <summary>
    /// Computes the elementwise minimum, with broadcasting; NaN if either element is NaN. If both are equal, each gets
    /// half of the gradient.
    /// </summary>
    /// <inheritdoc cref="Add(Tensor)"/>
    public Tensor Minimum(Tensor other) => IntegerOperations.AreIntegers("Minimum", this, other)
        ? IntegerOperations.Binary<IntegerMinimum>("Minimum", this, other)
        : new BinaryOperation<MinimumFunction>(this, other).Apply();

    /// <summary>Raises each element to a power, elementwise, with broadcasting.</summary>
    /// <param name="exponent">The exponents; the shape must broadcast with this one.</param>
    /// <exception cref="ShapeMismatchException">The shapes do not broadcast.</exception>
    /// <exception cref="ArgumentException">The dtypes differ or are Bool.</exception>
    public Tensor Pow(Tensor exponent) => IntegerOperations.AreIntegers("Pow", this, exponent)
        ? IntegerOperations.Binary<IntegerPower>("Pow", this, exponent)
        : new BinaryOperation<TensorPowerFunction>(this, exponent).Apply();

    /// <summary>Adds two tensors elementwise.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => a.Add(b);

    /// <summary>Adds a number to each element.</summary>
    public static Tensor operator +(Tensor a, float b) => a.Affine(1, b);

    /// <summary>Subtracts two tensors elementwise.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => a.Subtract(b);

    /// <summary>Subtracts a number from each element.</summary>
    public static Tensor operator -(Tensor a, float b) => a.Affine(1, -b);

    /// <summary>Negates each element.</summary>
    public static Tensor operator -(Tensor a) => a.Negate();

    /// <summary>Multiplies two tensors elementwise.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => a.Multiply(b);

    /// <summary>Multiplies each element by a number.</summary>
    public static Tensor operator *(Tensor a, float b) => a.Affine(b, 0);

    /// <summary>Multiplies each element by a number.</summary>
    public static Tensor operator *(float a, Tensor b) => b.Affine(a, 0);

    /// <summary>Divides two tensors elementwise.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => a.Divide(b);

    /// <summary>Divides each element by a number.</summary>
    public static Tensor operator /(Tensor a, float b) => a.Affine(1 / b, 0);
}

/// <summary>
/// Elementwise sum. The backward pass passes the gradient on without a copy, unless it must be reduced.
/// </summary>
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
