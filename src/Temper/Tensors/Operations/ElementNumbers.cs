using System.Numerics;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Selections among numbers of whatever type a tensor has; truth values are no numbers.</summary>
internal static class ElementNumbers
{
    internal static void ArgExtreme(Tensor x, Tensor places, (int Outer, int Axis, int Inner) size, Preference preference)
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
            where T : unmanaged, INumber<T> => Selection.ArgExtreme(rows.Physical<T>(), places.Writable<long>(), size, preference);
    }

    /// <summary>Places along the last axis.</summary>
    internal static void TopK(Tensor x, Tensor places, bool isSmallest)
    {
        Tensor rows = x.ToRowMajor();
        switch (x.DType)
        {
            case DType.Float32: Find<float>(); break;
            case DType.Int64: Find<long>(); break;
            case DType.Int32: Find<int>(); break;
            case DType.UInt8: Find<byte>(); break;
            default: throw IntegerOperations.Unfit("TopK", x);
        }

        void Find<T>()
            where T : unmanaged, INumber<T>
        {
            Tensor values = Tensor.Allocate<T>(places.Shape);
            Selection.TopK(rows.Physical<T>(), values.Writable<T>(), places.Writable<long>(), rows.Shape[-1], isSmallest);
        }
    }
}
