using System.Numerics;
using System.Numerics.Tensors;

namespace Temper.Kernels;

/// <summary>An elementwise function of two integers. Overflow wraps around.</summary>
internal interface IIntegerFunction
{
    static abstract void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T>;
}

internal readonly struct IntegerSum : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.Add(x, y, z);
}

internal readonly struct IntegerDifference : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.Subtract(x, y, z);
}

internal readonly struct IntegerProduct : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.Multiply(x, y, z);
}

/// <summary>Quotient, truncated toward zero. The smallest integer divided by -1 is itself, as in negation.</summary>
internal readonly struct IntegerQuotient : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (int i = 0; i < z.Length; i++)
        {
            // Adding 1 turns the byte 255 into zero too, so the sign is tested first.
            bool isMinusOne = T.IsNegative(y[i]) && T.IsZero(y[i] + T.One);
            z[i] = isMinusOne ? unchecked(T.Zero - x[i]) : x[i] / y[i];
        }
    }
}

internal readonly struct IntegerMaximum : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.Max(x, y, z);
}

internal readonly struct IntegerMinimum : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.Min(x, y, z);
}

/// <summary>
/// Power by repeated squaring. A negative exponent gives 0, the truncated result, unless the base is 1 or -1.
/// </summary>
internal readonly struct IntegerPower : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (int i = 0; i < z.Length; i++)
        {
            z[i] = Power(x[i], y[i]);
        }
    }

    private static T Power<T>(T x, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (T.IsNegative(exponent))
        {
            bool isUnit = x == T.One || T.IsZero(x + T.One);
            return isUnit ? (T.IsOddInteger(exponent) ? x : T.One) : T.Zero;
        }

        T result = T.One;
        for (T square = x; !T.IsZero(exponent); exponent >>= 1, square = unchecked(square * square))
        {
            result = T.IsOddInteger(exponent) ? unchecked(result * square) : result;
        }

        return result;
    }
}

/// <summary>Bitwise AND, of integers or of Bool elements stored as 0 and 1.</summary>
internal readonly struct BitAnd : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.BitwiseAnd(x, y, z);
}

/// <summary>Bitwise OR, of integers or of Bool elements stored as 0 and 1.</summary>
internal readonly struct BitOr : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.BitwiseOr(x, y, z);
}

/// <summary>Bitwise exclusive OR, of integers or of Bool elements stored as 0 and 1.</summary>
internal readonly struct BitXor : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.Xor(x, y, z);
}
