using System.Numerics;
using System.Numerics.Tensors;

namespace Temper.Kernels;

/// <summary>A function of two integers. Results wrap around.</summary>
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

/// <summary>Fractions are cut off towards zero; the smallest number over -1 is itself, as negation has it.</summary>
internal readonly struct IntegerQuotient : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (int i = 0; i < z.Length; i++)
        {
            z[i] = T.IsZero(y[i] + T.One) ? unchecked(T.Zero - x[i]) : x[i] / y[i];
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

/// <summary>By squaring; a negative power of anything but 1 and -1 is 0, as its fraction is cut off.</summary>
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

/// <summary>Both, of numbers or of truth values held as 0 and 1.</summary>
internal readonly struct BitAnd : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.BitwiseAnd(x, y, z);
}

/// <inheritdoc cref="BitAnd"/>
internal readonly struct BitOr : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.BitwiseOr(x, y, z);
}

/// <inheritdoc cref="BitAnd"/>
internal readonly struct BitXor : IIntegerFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z)
        where T : unmanaged, IBinaryInteger<T> => TensorPrimitives.Xor(x, y, z);
}
