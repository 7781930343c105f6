using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Tests elementwise for <c>this == other</c>, with broadcasting. The result is Bool and has no gradient.
    /// </summary>
    /// <param name="other">The second operand, of the same dtype; its shape must broadcast with this one.</param>
    public Tensor EqualTo(Tensor other) => Compare(default(EqualTo), "EqualTo", other);

    /// <summary>
    /// Tests elementwise for <c>this &gt; other</c>, with broadcasting. The result is Bool and has no gradient.
    /// </summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor GreaterThan(Tensor other) => Compare(default(GreaterThan), "GreaterThan", other);

    /// <summary>
    /// Tests elementwise for <c>this &gt;= other</c>, with broadcasting. The result is Bool and has no gradient.
    /// </summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor GreaterThanOrEqualTo(Tensor other) =>
        Compare(default(GreaterThanOrEqualTo), "GreaterThanOrEqualTo", other);

    /// <summary>
    /// Tests elementwise for <c>this &lt; other</c>, with broadcasting. The result is Bool and has no gradient.
    /// </summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor LessThan(Tensor other) => Compare(default(LessThan), "LessThan", other);

    /// <summary>
    /// Tests elementwise for <c>this &lt;= other</c>, with broadcasting. The result is Bool and has no gradient.
    /// </summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor LessThanOrEqualTo(Tensor other) => Compare(default(LessThanOrEqualTo), "LessThanOrEqualTo", other);

    /// <summary>Computes the elementwise logical AND, with broadcasting.</summary>
    /// <param name="other">The second operand; Bool, like this tensor.</param>
    /// <exception cref="ArgumentException">An operand is not Bool.</exception>
    public Tensor And(Tensor other) => IntegerOperations.Logical<BitAnd>("And", this, other);

    /// <summary>Computes the elementwise logical OR, with broadcasting.</summary>
    /// <inheritdoc cref="And(Tensor)"/>
    public Tensor Or(Tensor other) => IntegerOperations.Logical<BitOr>("Or", this, other);

    /// <summary>Computes the elementwise logical exclusive OR, with broadcasting.</summary>
    /// <inheritdoc cref="And(Tensor)"/>
    public Tensor Xor(Tensor other) => IntegerOperations.Logical<BitXor>("Xor", this, other);

    /// <summary>Computes the elementwise logical NOT.</summary>
    /// <exception cref="ArgumentException">The tensor is not Bool.</exception>
    public Tensor Not() => IntegerOperations.Logical<BitXor>("Not", this, Scalar(true));

    /// <summary>
    /// Takes elements of this tensor where the mask is true, and elements of <paramref name="otherwise"/> elsewhere,
    /// with broadcasting. The gradient of each element flows to the tensor it was taken from.
    /// </summary>
    /// <param name="mask">The condition; Bool.</param>
    /// <param name="otherwise">Elements taken where the mask is false; same dtype as this tensor.</param>
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
            // Compare the sign of the difference (-1, 0 or 1) with 0.
            return IntegerOperations.SignsOf(this, other, name).Compare(test, name, Scalar(0f));
        }

        Tensor result = Allocate<bool>(Shape.Broadcast(Shape, other.Shape, name));
        Broadcasting.Compare(
            test, AsSpan<float>(), Shape.AsSpan(), other.AsSpan<float>(), other.Shape.AsSpan(),
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(result.Writable<bool>()));
        return result;
    }
}

/// <summary>Selects between two tensors by a float32 mask of zeros and ones; all have the same shape.</summary>
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
