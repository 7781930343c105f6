using System.Numerics;
using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>
/// The elements of a float32 tensor whose bits are not all zero, in row-major order, and where they stand.
/// </summary>
/// <param name="Shape">Shape of the whole.</param>
/// <param name="Values">The elements.</param>
/// <param name="Indices">Their indices in row-major order, rising.</param>
internal sealed record SparseTensor(Shape Shape, float[] Values, int[] Indices)
{
    /// <summary>A distance of this or more is written as this and the rest.</summary>
    private const int LongGap = 255;

    internal static SparseTensor Of(Tensor dense)
    {
        ReadOnlySpan<float> all = dense.AsSpan<float>();
        var values = new List<float>();
        var indices = new List<int>();
        for (int i = 0; i < all.Length; i++)
        {
            // By bits: a negative zero is kept.
            if (BitConverter.SingleToInt32Bits(all[i]) != 0)
            {
                values.Add(all[i]);
                indices.Add(i);
            }
        }

        return new SparseTensor(dense.Shape, [.. values], [.. indices]);
    }

    internal Tensor ToDense()
    {
        float[] all = new float[Shape.Count];
        for (int i = 0; i < Values.Length; i++)
        {
            all[Indices[i]] = Values[i];
        }

        return Tensor.From(all, Shape);
    }

    /// <summary>
    /// A bit for each element of the whole, set where it is kept; the lowest bit of a byte comes first.
    /// </summary>
    internal byte[] Bitmap() => BitmapOf(Indices, Shape.Count);

    internal static byte[] BitmapOf(IEnumerable<int> indices, int count)
    {
        byte[] bits = new byte[(count + 7) / 8];
        foreach (int index in indices)
        {
            bits[index >> 3] |= (byte)(1 << (index & 7));
        }

        return bits;
    }

    /// <summary>
    /// For each kept element how many are left out before it: bytes of 255 that add up, then one below 255.
    /// </summary>
    internal byte[] Gaps()
    {
        var gaps = new List<byte>(Indices.Length);
        int next = 0;
        foreach (int index in Indices)
        {
            int gap = index - next;
            for (; gap >= LongGap; gap -= LongGap)
            {
                gaps.Add(LongGap);
            }

            gaps.Add((byte)gap);
            next = index + 1;
        }

        return [.. gaps];
    }

    /// <summary>The indices that a bitmap says.</summary>
    /// <exception cref="FormatException">It has another length, or a bit behind the last element.</exception>
    internal static int[] IndicesOfBitmap(ReadOnlySpan<byte> bits, int count)
    {
        if (bits.Length != (count + 7) / 8 || (count % 8 != 0 && bits[^1] >> (count % 8) != 0))
        {
            throw new FormatException(
                $"the bitmap does not fit (got {bits.Length} bytes, expected {(count + 7) / 8} for {count} elements)");
        }

        int kept = 0;
        foreach (byte part in bits)
        {
            kept += BitOperations.PopCount(part);
        }

        int[] indices = new int[kept];
        for (int i = 0, at = 0; i < bits.Length; i++)
        {
            for (int rest = bits[i]; rest != 0; rest &= rest - 1)
            {
                indices[at++] = (i * 8) + BitOperations.TrailingZeroCount(rest);
            }
        }

        return indices;
    }

    /// <summary>The indices that gaps say.</summary>
    /// <exception cref="FormatException">They go beyond the last element, or end within a gap.</exception>
    internal static int[] IndicesOfGaps(ReadOnlySpan<byte> gaps, int count)
    {
        var indices = new List<int>(gaps.Length);
        long next = 0;
        bool isOpen = false;
        foreach (byte gap in gaps)
        {
            next += gap;
            isOpen = gap == LongGap;
            if (!isOpen)
            {
                indices.Add(next < count ? (int)next : throw new FormatException(
                    $"the gaps go beyond the last element (got place {next}, expected less than {count})"));
                next++;
            }
        }

        return isOpen ? throw new FormatException("the gaps end within one") : [.. indices];
    }
}
