using System.Numerics;
using System.Runtime.InteropServices;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Arithmetic on tensors that are not float32. It is not differentiable, so nothing is recorded.</summary>
internal static class IntegerOperations
{
    /// <summary>
    /// Whether both operands have the same integer dtype; false: both are float32. Throws for Bool and for different
    /// dtypes.
    /// </summary>
    internal static bool AreIntegers(string operation, Tensor x, Tensor y)
    {
        RequireOneType(operation, x, y);
        return x.DType switch
        {
            DType.Float32 => false,
            DType.Bool => throw Unfit(operation, x),
            _ => true,
        };
    }

    internal static void RequireOneType(string operation, Tensor x, Tensor y)
    {
        if (x.DType != y.DType)
        {
            throw new ArgumentException(
                $"{operation}: operands have different dtypes (got {x.DType} and {y.DType}); convert one with To");
        }
    }

    /// <summary>Applies a function to each pair of integers, with broadcasting.</summary>
    internal static Tensor Binary<TFunction>(string operation, Tensor x, Tensor y)
        where TFunction : struct, IIntegerFunction
    {
        Shape shape = Shape.Broadcast(x.Shape, y.Shape, operation);
        (Tensor a, Tensor b) = (x.Expand(shape), y.Expand(shape));
        return x.DType switch
        {
            DType.Int64 => Apply<long, TFunction>(a, b),
            DType.Int32 => Apply<int, TFunction>(a, b),
            DType.UInt8 => Apply<byte, TFunction>(a, b),
            _ => throw Unfit(operation, x),
        };
    }

    /// <summary>Applies a logical function to each pair of Bool elements, with broadcasting.</summary>
    internal static Tensor Logical<TFunction>(string operation, Tensor x, Tensor y)
        where TFunction : struct, IIntegerFunction
    {
        if (x.DType != DType.Bool || y.DType != DType.Bool)
        {
            throw new ArgumentException(
                $"{operation}: needs Bool operands (got {x.DType} and {y.DType}); compare first, or convert with To");
        }

        Shape shape = Shape.Broadcast(x.Shape, y.Shape, operation);
        Tensor z = Tensor.Allocate<bool>(shape);
        TFunction.Apply(Bytes(x.Expand(shape)), Bytes(y.Expand(shape)), MemoryMarshal.AsBytes(z.Writable<bool>()));
        return z;
    }

    /// <summary>Divides integers. All divisors are checked for zero before anything is divided.</summary>
    internal static Tensor Divide(Tensor x, Tensor y)
    {
        bool hasZero = y.DType switch
        {
            DType.Int64 => y.AsSpan<long>().Contains(0),
            DType.Int32 => y.AsSpan<int>().Contains(0),
            _ => y.AsSpan<byte>().Contains((byte)0),
        };
        return hasZero && x.Count > 0
            ? throw new ArgumentException(
                "Divide: an integer divisor is zero; convert to float32, where the result is infinite")
            : Binary<IntegerQuotient>("Divide", x, y);
    }

    internal static Tensor Negate(Tensor x) => x.DType == DType.Bool
        ? throw Unfit("Negate", x)
        : Binary<IntegerDifference>("Negate", ElementSwitch.Run<ZeroBody, Tensor>(x.DType, default), x);

    internal static Tensor Abs(Tensor x) => x.DType == DType.UInt8 ? x : Binary<IntegerMaximum>("Abs", x, Negate(x));

    internal static Tensor Sign(Tensor x) =>
        SignsOf(x, ElementSwitch.Run<ZeroBody, Tensor>(x.DType, default), "Sign").To(x.DType);

    /// <summary>
    /// Compares each pair of elements: float32 -1, 0 or 1 for less, equal or greater, with broadcasting.
    /// </summary>
    internal static Tensor SignsOf(Tensor x, Tensor y, string operation)
    {
        Shape shape = Shape.Broadcast(x.Shape, y.Shape, operation);
        return ElementSwitch.Run<SignBody, Tensor>(x.DType, new(x.Expand(shape), y.Expand(shape)));
    }

    /// <summary>Selects elementwise between two tensors of the same dtype and shape.</summary>
    internal static Tensor Choose(Tensor mask, Tensor x, Tensor y) =>
        ElementSwitch.Run<ChooseBody, Tensor>(x.DType, new(mask, x, y));

    internal static ArgumentException Unfit(string operation, Tensor x) =>
        new($"{operation}: unsupported dtype (got {x.DType}); convert it with To");

    private static ReadOnlySpan<byte> Bytes(Tensor x) => MemoryMarshal.AsBytes(x.ToRowMajor().Physical<bool>());

    private static Tensor Apply<T, TFunction>(Tensor x, Tensor y)
        where T : unmanaged, IBinaryInteger<T>
        where TFunction : struct, IIntegerFunction
    {
        Tensor z = Tensor.Allocate<T>(x.Shape);
        TFunction.Apply(x.ToRowMajor().Physical<T>(), y.ToRowMajor().Physical<T>(), z.Writable<T>());
        return z;
    }

    private readonly struct ZeroBody : IElementBody<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, IEquatable<T>, IComparable<T> => Tensor.Scalar(default(T));
    }

    private readonly struct SignBody(Tensor x, Tensor y) : IElementBody<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, IEquatable<T>, IComparable<T>
        {
            ReadOnlySpan<T> a = x.ToRowMajor().Physical<T>(), b = y.ToRowMajor().Physical<T>();
            Tensor signs = Tensor.Allocate(x.Shape);
            Span<float> target = signs.Writable();
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = Math.Sign(a[i].CompareTo(b[i]));
            }

            return signs;
        }
    }

    private readonly struct ChooseBody(Tensor mask, Tensor x, Tensor y) : IElementBody<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, IEquatable<T>, IComparable<T>
        {
            ReadOnlySpan<bool> chosen = mask.ToRowMajor().Physical<bool>();
            ReadOnlySpan<T> a = x.ToRowMajor().Physical<T>(), b = y.ToRowMajor().Physical<T>();
            Tensor z = Tensor.Allocate<T>(x.Shape);
            Span<T> target = z.Writable<T>();
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = chosen[i] ? a[i] : b[i];
            }

            return z;
        }
    }
}
