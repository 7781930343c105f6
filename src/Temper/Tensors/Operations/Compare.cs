using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Where elements are equal. Shapes broadcast; the result is Bool and has no gradient.</summary>
    /// <param name="other">A shape that broadcasts with this one.</param>
    public Tensor EqualTo(Tensor other) => Compare(default(EqualTo), "EqualTo", other);

    /// <summary>
    /// Where elements are greater than another's. Shapes broadcast; the result is Bool and has no gradient.
    /// </summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor GreaterThan(Tensor other) => Compare(default(GreaterThan), "GreaterThan", other);

    /// <summary>
    /// Where elements are greater than or equal to another's. Shapes broadcast; the result is Bool and has no gradient.
    /// </summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor GreaterThanOrEqualTo(Tensor other) =>
        Compare(default(GreaterThanOrEqualTo), "GreaterThanOrEqualTo", other);

    /// <summary>
    /// Where elements are less than another's. Shapes broadcast; the result is Bool and has no gradient.
    /// </summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor LessThan(Tensor other) => Compare(default(LessThan), "LessThan", other);

    /// <summary>
    /// Where elements are less than or equal to another's. Shapes broadcast; the result is Bool and has no gradient.
    /// </summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor LessThanOrEqualTo(Tensor other) => Compare(default(LessThanOrEqualTo), "LessThanOrEqualTo", other);

    /// <summary>Where both truth values are true; shapes broadcast.</summary>
    /// <param name="other">Bool, as this tensor.</param>
    /// <exception cref="ArgumentException">An operand is not Bool.</exception>
    public Tensor And(Tensor other) => IntegerOperations.Logical<BitAnd>("And", this, other);

    /// <summary>Where one or both of two truth values are true; shapes broadcast.</summary>
    /// <inheritdoc cref="And(Tensor)"/>
    public Tensor Or(Tensor other) => IntegerOperations.Logical<BitOr>("Or", this, other);

    /// <summary>Where one of two truth values is true, not both; shapes broadcast.</summary>
    /// <inheritdoc cref="And(Tensor)"/>
    public Tensor Xor(Tensor other) => IntegerOperations.Logical<BitXor>("Xor", this, other);

    /// <summary>Where a truth value is false.</summary>
    /// <exception cref="ArgumentException">The tensor is not Bool.</exception>
    public Tensor Not() => IntegerOperations.Logical<BitXor>("Not", this, Scalar(true));

    /// <summary>
    /// This where the mask is true, else another; all shapes broadcast. Gradients go where the values came from.
    /// </summary>
    /// <param name="mask">Bool.</param>
    /// <param name="otherwise">Of this tensor's dtype.</param>
    /// <exception cref="ArgumentException">The mask is not Bool, or the dtypes differ.</exception>
    public Tensor Where(Tensor mask, Tensor otherwise)
    {
        IntegerOperations.RequireOneType("Where", this, otherwise);
        if (mask.DType != DType.Bool)
        {
            throw new ArgumentException(
                $"Where: needs a Bool mask (got {mask.DType}); compare first, or convert with To", nameof(mask));
        }

        Shape shape = Shape.Broadcast(Shape.Broadcast(Shape, otherwise.Shape, "Where"), mask.Shape, "Where");
        if (DType != DType.Float32)
        {
            return IntegerOperations.Choose(mask.Expand(shape), Expand(shape), otherwise.Expand(shape));
        }

        Tensor chosen = mask.To(DType.Float32).Expand(shape);
        return new WhereOperation(chosen, Expand(shape), otherwise.Expand(shape)).Apply();
    }

    private Tensor Compare<TComparison>(TComparison test, string name, Tensor other)
        where TComparison : unmanaged, IComparison
    {
        IntegerOperations.RequireOneType(name, this, other);
        if (DType != DType.Float32)
        {
            // The order of each pair as -1, 0 or 1, compared with 0.
            return IntegerOperations.SignsOf(this, other, name).Compare(test, name, Scalar(0f));
        }

        Tensor result = Allocate<bool>(Shape.Broadcast(Shape, other.Shape, name));
        Broadcasting.Compare(
            test, AsSpan<float>(), Shape.AsSpan(), other.AsSpan<float>(), other.Shape.AsSpan(),
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(result.Writable<bool>()));
        return result;
    }
}

/// <summary>Chooses by a mask of zeros and ones; all of one shape.</summary>
internal sealed class WhereOperation(Tensor mask, Tensor x, Tensor y) : Operation(x, y)
{
    internal override string Name => "Where";

    internal override Tensor[] Constants => [mask];

    protected override Tensor Forward()
    {
        Tensor z = Tensor.Allocate(x.Shape);
        Choose(mask.Physical(), x.ToRowMajor().Physical(), y.ToRowMajor().Physical(), z.Writable());
        return z;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor zeros = Tensor.Allocate(x.Shape);
        zeros.Writable().Clear();
        ReadOnlySpan<float> dz = gradient.ToRowMajor().Physical();
        if (inputs.Wants(0))
        {
            Tensor dx = Tensor.Allocate(x.Shape);
            Choose(mask.Physical(), dz, zeros.Physical(), dx.Writable());
            inputs.Add(0, dx);
        }

        if (inputs.Wants(1))
        {
            Tensor dy = Tensor.Allocate(x.Shape);
            Choose(mask.Physical(), zeros.Physical(), dz, dy.Writable());
            inputs.Add(1, dy);
        }
    }

    private static void Choose(ReadOnlySpan<float> mask, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y)
    {
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = mask[i] != 0 ? a[i] : b[i];
        }
    }
}
