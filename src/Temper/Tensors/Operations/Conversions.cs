using System.Numerics;
using System.Runtime.InteropServices;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>The same values as another dtype. No gradient flows through.</summary>
    /// <param name="dtype">The new dtype.</param>
    /// <returns>
    /// Fractions are cut off towards zero, NaN becomes 0; an integer that does not fit keeps its low bits; truth is 0
    /// or 1, and everything but 0 is true.
    /// </returns>
    public Tensor To(DType dtype)
    {
        if (dtype == DType)
        {
            return this;
        }

        return DType switch
        {
            DType.Float32 => Converted<float>(AsSpan<float>(), dtype),
            DType.Int64 => Converted<long>(AsSpan<long>(), dtype),
            DType.Int32 => Converted<int>(AsSpan<int>(), dtype),
            DType.UInt8 => Converted<byte>(AsSpan<byte>(), dtype),
            _ => Converted<byte>(MemoryMarshal.AsBytes(AsSpan<bool>()), dtype),
        };
    }

    private Tensor Converted<T>(ReadOnlySpan<T> values, DType dtype)
        where T : unmanaged, INumber<T> => dtype switch
        {
            DType.Float32 => Converted<T, float>(values),
            DType.Int64 => Converted<T, long>(values),
            DType.Int32 => Converted<T, int>(values),
            DType.UInt8 => Converted<T, byte>(values),
            _ => Truth(values),
        };

    private Tensor Converted<TFrom, TTo>(ReadOnlySpan<TFrom> values)
        where TFrom : unmanaged, INumber<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        Tensor result = Allocate<TTo>(Shape);
        Span<TTo> target = result.Writable<TTo>();
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = TTo.CreateTruncating(values[i]);
        }

        return result;
    }

    private Tensor Truth<T>(ReadOnlySpan<T> values)
        where T : unmanaged, INumber<T>
    {
        Tensor result = Allocate<bool>(Shape);
        Span<bool> target = result.Writable<bool>();
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = values[i] != T.Zero;
        }

        return result;
    }
}
