using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Where elements are equal. Shapes broadcast; the result is Bool and has no gradient.</summary>
    /// <param name="other">A shape that broadcasts with this one.</param>
    public Tensor EqualTo(Tensor other) => Compare(default(EqualTo), "EqualTo", other);

    /// <summary>Where elements are greater than another's. Shapes broadcast; the result is Bool and has no gradient.</summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor GreaterThan(Tensor other) => Compare(default(GreaterThan), "GreaterThan", other);

    /// <summary>Where elements are greater than or equal to another's. Shapes broadcast; the result is Bool and has no gradient.</summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor GreaterThanOrEqualTo(Tensor other) => Compare(default(GreaterThanOrEqualTo), "GreaterThanOrEqualTo", other);

    /// <summary>Where elements are less than another's. Shapes broadcast; the result is Bool and has no gradient.</summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor LessThan(Tensor other) => Compare(default(LessThan), "LessThan", other);

    /// <summary>Where elements are less than or equal to another's. Shapes broadcast; the result is Bool and has no gradient.</summary>
    /// <inheritdoc cref="EqualTo(Tensor)"/>
    public Tensor LessThanOrEqualTo(Tensor other) => Compare(default(LessThanOrEqualTo), "LessThanOrEqualTo", other);

    /// <summary>This where the mask is true, else another; all shapes broadcast. Gradients go where the values came from.</summary>
    /// <param name="mask">Bool.</param>
    /// <param name="otherwise">Float32.</param>
    public Tensor Where(Tensor mask, Tensor otherwise)
    {
        Shape shape = Shape.Broadcast(Shape.Broadcast(Shape, otherwise.Shape, "Where"), mask.Shape, "Where");
        Tensor chosen = mask.To(DType.Float32).Expand(shape);
        return new WhereOperation(chosen, Expand(shape), otherwise.Expand(shape)).Apply();
    }

    /// <summary>The same values as another dtype; fractions are cut off towards zero, truth is 0 or 1. No gradient flows through.</summary>
    /// <param name="dtype">The new dtype.</param>
    public Tensor To(DType dtype)
    {
        if (dtype == DType)
        {
            return this;
        }

        double[] values = new double[Count];
        switch (DType)
        {
            case DType.Float32: Widen(AsSpan<float>(), values, v => v); break;
            case DType.Int64: Widen(AsSpan<long>(), values, v => v); break;
            case DType.Int32: Widen(AsSpan<int>(), values, v => v); break;
            case DType.UInt8: Widen(AsSpan<byte>(), values, v => v); break;
            default: Widen(AsSpan<bool>(), values, v => v ? 1 : 0); break;
        }

        return dtype switch
        {
            DType.Float32 => From(Array.ConvertAll(values, v => (float)v), Shape),
            DType.Int64 => From(Array.ConvertAll(values, v => (long)v), Shape),
            DType.Int32 => From(Array.ConvertAll(values, v => (int)v), Shape),
            DType.UInt8 => From(Array.ConvertAll(values, v => (byte)v), Shape),
            _ => From(Array.ConvertAll(values, v => v != 0), Shape),
        };

        static void Widen<T>(ReadOnlySpan<T> source, double[] target, Func<T, double> widen)
        {
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = widen(source[i]);
            }
        }
    }

    private Tensor Compare<TComparison>(TComparison test, string name, Tensor other)
        where TComparison : unmanaged, IComparison
    {
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
