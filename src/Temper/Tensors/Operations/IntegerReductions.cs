using System.Numerics;
using System.Runtime.InteropServices;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Sums, minima and maxima of tensors that are not float32.</summary>
internal static class IntegerReductions
{
    /// <summary>Reduces the given axes with a function. An empty axis gives <paramref name="empty"/>.</summary>
    /// <param name="operation">Name of the operation, for error messages.</param>
    /// <param name="x">Int64, Int32 or UInt8; Bool is processed as 0 and 1.</param>
    /// <param name="axes">Axes to reduce, in ascending order.</param>
    /// <param name="empty">Result for an empty axis; null: an empty axis is an error.</param>
    internal static Tensor Fold<TFunction>(string operation, Tensor x, int[] axes, int? empty)
        where TFunction : struct, IIntegerFunction
    {
        Tensor result = x.DType == DType.Bool ? x.To(DType.UInt8) : x;
        for (int i = axes.Length - 1; i >= 0; i--)
        {
            if (empty is null)
            {
                ReduceAxes.RequireElements(operation, result, axes[i]);
            }

            result = result.DType switch
            {
                DType.Int64 => Axis<long, TFunction>(result, axes[i], empty ?? 0),
                DType.Int32 => Axis<int, TFunction>(result, axes[i], empty ?? 0),
                _ => Axis<byte, TFunction>(result, axes[i], (byte)(empty ?? 0)),
            };
        }

        return x.DType == DType.Bool ? result.To(DType.Bool) : result;
    }

    private static Tensor Axis<T, TFunction>(Tensor x, int axis, T empty)
        where T : unmanaged, IBinaryInteger<T>
        where TFunction : struct, IIntegerFunction
    {
        int outer = x.Shape.CountOf(0, axis), length = x.Shape[axis], inner = x.Shape.CountOf(axis + 1, x.Rank);
        Tensor y = Tensor.Allocate<T>(x.Shape.With(axis, 1));
        ReadOnlySpan<T> source = x.ToRowMajor().Physical<T>();
        Span<T> target = y.Writable<T>();
        for (int o = 0; o < outer; o++)
        {
            Span<T> folded = target.Slice(o * inner, inner);
            if (length == 0)
            {
                folded.Fill(empty);
                continue;
            }

            source.Slice(o * length * inner, inner).CopyTo(folded);
            for (int a = 1; a < length; a++)
            {
                TFunction.Apply(folded, source.Slice(((o * length) + a) * inner, inner), folded);
            }
        }

        return y;
    }
}
