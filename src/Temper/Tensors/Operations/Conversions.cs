using System.Numerics;
using System.Runtime.InteropServices;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Converts the elements to another dtype. No gradient flows through the conversion.</summary>
    /// <param name="dtype">The target dtype.</param>
    /// <returns>
    /// This tensor if it already has the dtype, else a converted copy. Fractions are truncated toward zero; NaN becomes
    /// 0. Integers out of range keep their low bits. To Bool: nonzero becomes true; from Bool: true becomes 1.
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
