using System.Numerics;
using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>
/// The elements of a float32 tensor whose bits are not all zero, in row-major order, and their indices.
/// </summary>
/// <param name="Shape">Shape of the dense tensor.</param>
/// <param name="Values">Values of the stored elements.</param>
/// <param name="Indices">Row-major indices of the stored elements, ascending.</param>
internal sealed record SparseTensor(Shape Shape, float[] Values, int[] Indices)
{
    /// <summary>Gaps of this length or more are split: bytes of 255, then the remainder.</summary>
    private const int LongGap = 255;

    internal static SparseTensor Of(Tensor dense)
    {
        ReadOnlySpan<float> all = dense.AsSpan<float>();
        var values = new List<float>();
        var indices = new List<int>();
        for (int i = 0; i < all.Length; i++)
        {
            // Compared by bits, so that a negative zero is stored.
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
    /// Whether sparse tensors are much larger than the file that holds them, so that a small file could allocate
    /// gigabytes.
    /// </summary>
    /// <param name="dense">Number of elements of all sparse tensors, made dense.</param>
    /// <param name="stored">Number of elements in the file.</param>
    internal static bool IsTooLarge(long dense, long stored)
    {
        const long Free = 1 << 20, MaxRatio = 4096;
        return dense > Free + (MaxRatio * stored);
    }

    /// <summary>
    /// Returns a bitmap with one bit per element of the dense tensor, set for stored elements; least significant bit
    /// first.
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
    /// Returns, for each stored element, the number of skipped elements before it: zero or more bytes of 255 plus a
    /// final byte below 255, which add up to that number.
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

    /// <summary>Returns the indices of the set bits of a bitmap.</summary>
    /// <exception cref="FormatException">The length is wrong, or a bit is set after the last element.</exception>
    internal static int[] IndicesOfBitmap(ReadOnlySpan<byte> bits, int count)
    {
        if (bits.Length != (count + 7) / 8 || (count % 8 != 0 && bits[^1] >> (count % 8) != 0))
        {
            throw new FormatException(
                $"the bitmap has the wrong length, or a bit is set after the last element (got {bits.Length} bytes, "
                    + $"expected {(count + 7) / 8} for {count} elements)");
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

    /// <summary>Returns the indices encoded by gaps.</summary>
    /// <exception cref="FormatException">An index is out of range, or the data ends within a gap.</exception>
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
                    $"the gaps go beyond the last element (got index {next}, expected less than {count})"));
                next++;
            }
        }

        return isOpen ? throw new FormatException("the data ends within a gap") : [.. indices];
    }
}
