using System.Numerics;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Selection by value in tensors of any dtype except Bool.</summary>
internal static class ElementNumbers
{
    internal static void ArgExtreme(
        Tensor x, Tensor indices, (int Outer, int Axis, int Inner) size, Preference preference)
    {
        Tensor rows = x.ToRowMajor();
        switch (x.DType)
        {
            case DType.Float32: Find<float>(); break;
            case DType.Int64: Find<long>(); break;
            case DType.Int32: Find<int>(); break;
            case DType.UInt8: Find<byte>(); break;
            default: throw IntegerOperations.Unfit(preference.IsSmallest ? "ArgMin" : "ArgMax", x);
        }

        void Find<T>()
            where T : unmanaged,
            INumber<T> => Selection.ArgExtreme(rows.Physical<T>(), indices.Writable<long>(), size, preference);
    }

    /// <summary>
    /// Writes the indices of the largest or smallest elements along the last axis, <c>[..., count]</c>; or, if
    /// <paramref name="rank"/> is given, the index of the element of that rank, <c>[..., 1]</c>.
    /// </summary>
    internal static void TopK(string name, Tensor x, Tensor indices, bool isSmallest, int? rank = null)
    {
        Tensor rows = x.ToRowMajor();
        switch (x.DType)
        {
            case DType.Float32: Find<float>(); break;
            case DType.Int64: Find<long>(); break;
            case DType.Int32: Find<int>(); break;
            case DType.UInt8: Find<byte>(); break;
            default: throw IntegerOperations.Unfit(name, x);
        }

        void Find<T>()
            where T : unmanaged, INumber<T>
        {
            if (rank is int wanted)
            {
                Selection.KthValue(rows.Physical<T>(), indices.Writable<long>(), wanted, isSmallest);
            }
            else
            {
                Selection.TopK(rows.Physical<T>(), indices.Writable<long>(), rows.Shape[-1], isSmallest);
            }
        }
    }
}
