namespace Temper.Tensors;

/// <summary>Element type of a tensor.</summary>
/// <remarks>
/// Only float32 tensors have gradients. The other types hold labels, indices, masks, images and shape arithmetic.
/// </remarks>
public enum DType
{
    /// <summary>32-bit IEEE floating point.</summary>
    Float32,

    /// <summary>64-bit signed integer: labels, indices, shape arithmetic.</summary>
    Int64,

    /// <summary>32-bit signed integer.</summary>
    Int32,

    /// <summary>8-bit unsigned integer: images.</summary>
    UInt8,

    /// <summary>Boolean, one byte per element: masks and comparison results.</summary>
    Bool,
}

internal static class DTypes
{
    /// <summary>Returns the dtype whose elements are .NET values of type <typeparamref name="T"/>.</summary>
    /// <exception cref="NotSupportedException">No dtype has elements of type <typeparamref name="T"/>.</exception>
    internal static DType Of<T>()
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            return DType.Float32;
        }

        if (typeof(T) == typeof(long))
        {
            return DType.Int64;
        }

        if (typeof(T) == typeof(int))
        {
            return DType.Int32;
        }

        if (typeof(T) == typeof(byte))
        {
            return DType.UInt8;
        }

        return typeof(T) == typeof(bool)
            ? DType.Bool
            : throw new NotSupportedException(
                $"Tensor: elements of type {typeof(T).Name} are not supported (expected float, long, int, byte or "
                + "bool); convert them first");
    }

    internal static int SizeInBytes(this DType type) => type switch
    {
        DType.Int64 => sizeof(long),
        DType.Float32 or DType.Int32 => sizeof(float),
        _ => sizeof(byte),
    };
}
