using System.Numerics;
using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <summary>
/// Selects the first <paramref name="Count"/> numbers of a row in sorted order, by the digits of their keys. A
/// histogram of the highest digit gives the digit of the last wanted number, a pass drops the numbers beyond it, and
/// the next digit subdivides the remaining ones.
/// </summary>
/// <param name="Columns">Length of a row.</param>
/// <param name="Count">Number of wanted numbers, 1 to the length.</param>
/// <param name="IsSmallest">Whether the smallest numbers are wanted, rather than the largest.</param>
internal readonly unsafe record struct RadixSelection(int Columns, int Count, bool IsSmallest)
{
    private const int DigitBits = 11, SortBits = 8;

    /// <summary>Row length and count up to which insertion is faster than histograms.</summary>
    private const int ShortRow = 64, ShortCount = 8;

    /// <summary>Whether to return only the last of the wanted numbers.</summary>
    internal bool TakesLast { get; init; }

    private interface IElements
    {
        int this[int i] { get; }
    }

    /// <summary>Selects from one row.</summary>
    /// <param name="x">The row.</param>
    /// <param name="index">Receives <see cref="Count"/> columns, or only the last one.</param>
    internal void Row<T>(T* x, Span<long> index)
        where T : unmanaged, INumber<T>
    {
        if (Columns <= ShortRow || Count <= ShortCount)
        {
            Insert(x, index);
            return;
        }

        int* list = (int*)Scratch.Rent(Scratch.Use.Selection, (long)Columns + (TakesLast ? 0 : Count));
        int wanted = Narrow(x, list);
        if (TakesLast)
        {
            index[0] = list[wanted - 1];
            return;
        }

        int* sorted = Sort(x, list, list + Columns);
        for (int i = 0; i < Count; i++)
        {
            index[i] = sorted[i];
        }
    }

    /// <summary>
    /// Lists the columns of the wanted numbers in row order. If only the last number is wanted, lists the columns of
    /// the numbers equal to it.
    /// </summary>
    /// <returns>Rank of the last wanted number in the list.</returns>
    private int Narrow<T>(T* x, int* list)
        where T : unmanaged, INumber<T>
    {
        uint* counts = stackalloc uint[(1 << DigitBits) + 1];
        int held = Columns, rank = Count, shift = OrderedKey.Bits<T>();
        ulong prefix = 0;
        bool isWhole = true;
        while (shift > 0 && (held > (TakesLast ? 1 : rank) || isWhole))
        {
            int bits = Math.Min(DigitBits, shift);
            shift -= bits;
            prefix <<= bits;
            new Span<uint>(counts, (1 << bits) + 1).Clear();
            if (isWhole)
            {
                Histogram(x, default(Whole), held, shift, prefix, counts, 1 << bits);
            }
            else
            {
                Histogram(x, new Listed(list), held, shift, prefix, counts, 1 << bits);
            }

            int digit = 1 << bits, above = 0;
            for (; above + counts[digit] < rank; digit--)
            {
                above += (int)counts[digit];
            }

            prefix += (uint)digit;
            rank -= TakesLast ? above : 0;
            ulong span = TakesLast ? 0 : (OrderedKey.Largest<T>() >> shift) - prefix;
            held = isWhole
                ? Keep(x, default(Whole), list, held, shift, prefix, span)
                : Keep(x, new Listed(list), list, held, shift, prefix, span);
            isWhole = false;
        }

        if (!TakesLast && held > rank)
        {
            DropTies(x, list, held, prefix);
        }

        return rank;
    }

    /// <summary>
    /// Counts the digits that follow a prefix. Numbers above the prefix are counted one past the largest digit.
    /// </summary>
    private void Histogram<T, TElements>(
        T* x, TElements elements, int held, int shift, ulong prefix, uint* counts, int digits)
        where T : unmanaged, INumber<T>
        where TElements : struct, IElements
    {
        ulong flip = Flip<T>();
        for (int i = 0; i < held; i++)
        {
            ulong digit = ((OrderedKey.Of(x[elements[i]]) ^ flip) >> shift) - prefix;
            counts[Math.Min(digit, (ulong)digits)]++;
        }
    }

    /// <summary>Keeps the elements whose key has the prefix, or exceeds it by up to <paramref name="span"/>.</summary>
    private int Keep<T, TElements>(T* x, TElements elements, int* list, int held, int shift, ulong prefix, ulong span)
        where T : unmanaged, INumber<T>
        where TElements : struct, IElements
    {
        ulong flip = Flip<T>();
        int kept = 0;
        for (int i = 0; i < held; i++)
        {
            int element = elements[i];
            list[kept] = element;   // overwritten by the next element unless kept
            kept += ((OrderedKey.Of(x[element]) ^ flip) >> shift) - prefix <= span ? 1 : 0;
        }

        return kept;
    }

    /// <summary>
    /// Drops later elements that equal the last wanted number, until <see cref="Count"/> elements are left.
    /// </summary>
    private void DropTies<T>(T* x, int* list, int held, ulong last)
        where T : unmanaged, INumber<T>
    {
        ulong flip = Flip<T>();
        int surplus = held - Count, ties = 0, kept = 0;
        for (int i = 0; i < held; i++)
        {
            ties += (OrderedKey.Of(x[list[i]]) ^ flip) == last ? 1 : 0;
        }

        int tiesLeft = ties - surplus;
        for (int i = 0; i < held; i++)
        {
            int element = list[i];
            bool isTie = (OrderedKey.Of(x[element]) ^ flip) == last;
            list[kept] = element;
            kept += !isTie || tiesLeft > 0 ? 1 : 0;
            tiesLeft -= isTie ? 1 : 0;
        }
    }

    /// <summary>Stable sort by key, descending.</summary>
    private int* Sort<T>(T* x, int* list, int* other)
        where T : unmanaged, INumber<T>
    {
        const int Digits = 1 << SortBits;
        ulong flip = ~Flip<T>();
        int* starts = stackalloc int[Digits];
        for (int shift = 0; shift < OrderedKey.Bits<T>(); shift += SortBits)
        {
            new Span<int>(starts, Digits).Clear();
            for (int i = 0; i < Count; i++)
            {
                starts[(byte)((OrderedKey.Of(x[list[i]]) ^ flip) >> shift)]++;
            }

            int sum = 0;
            for (int digit = 0; digit < Digits; digit++)
            {
                (starts[digit], sum) = (sum, sum + starts[digit]);
            }

            for (int i = 0; i < Count; i++)
            {
                other[starts[(byte)((OrderedKey.Of(x[list[i]]) ^ flip) >> shift)]++] = list[i];
            }

            int* sorted = other;
            other = list;
            list = sorted;
        }

        return list;
    }

    /// <summary>Selects by insertion into a short sorted list.</summary>
    private void Insert<T>(T* x, Span<long> index)
        where T : unmanaged, INumber<T>
    {
        Span<long> list = stackalloc long[ShortRow];
        list = list[..Count];
        var preference = new Preference(IsSmallest, false);
        int held = 0;
        for (int i = 0; i < Columns; i++)
        {
            if (held == Count && !preference.Prefers(x[i], x[list[^1]]))
            {
                continue;
            }

            int at = held < Count ? held++ : held - 1;
            for (; at > 0 && preference.Prefers(x[i], x[list[at - 1]]); at--)
            {
                list[at] = list[at - 1];
            }

            list[at] = i;
        }

        list[^index.Length..].CopyTo(index);
    }

    private ulong Flip<T>()
        where T : unmanaged => IsSmallest ? OrderedKey.Largest<T>() : 0;

    private readonly struct Whole : IElements
    {
        public int this[int i] => i;
    }

    private readonly struct Listed(int* list) : IElements
    {
        public int this[int i]
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => list[i];
        }
    }
}

/// <summary>
/// Maps numbers to unsigned keys of the same order. All NaN are equal and above everything else; both zeros are equal.
/// </summary>
internal static class OrderedKey
{
    internal static int Bits<T>()
        where T : unmanaged => Unsafe.SizeOf<T>() * 8;

    internal static ulong Largest<T>()
        where T : unmanaged => ulong.MaxValue >> (64 - Bits<T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Of<T>(T x)
        where T : unmanaged, INumber<T>
    {
        if (typeof(T) == typeof(float))
        {
            float number = Unsafe.BitCast<T, float>(x);
            uint bits = BitConverter.SingleToUInt32Bits(number + 0f);   // -0 + 0 is 0
            return float.IsNaN(number) ? uint.MaxValue : bits ^ ((uint)((int)bits >> 31) | (1u << 31));
        }

        return typeof(T) == typeof(long) ? Unsafe.BitCast<T, ulong>(x) ^ (1UL << 63)
            : typeof(T) == typeof(int) ? Unsafe.BitCast<T, uint>(x) ^ (1u << 31)
            : typeof(T) == typeof(byte) ? Unsafe.BitCast<T, byte>(x)
            : throw new NotSupportedException($"OrderedKey: unsupported type {typeof(T).Name}");
    }
}
