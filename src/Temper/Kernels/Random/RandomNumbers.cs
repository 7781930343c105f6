using System.Numerics;

namespace Temper.Kernels;

/// <summary>Converts random words to numbers. Number <c>i</c> does not depend on where a fill starts or ends.</summary>
internal static class RandomNumbers
{
    private const int BufferWords = 1024;

    /// <summary>
    /// Generates uniform numbers in [0, 1): number <c>i</c> is made from the upper 24 bits of word <c>i</c>.
    /// </summary>
    internal static void Uniform(in Philox generator, Span<float> numbers, ulong start)
    {
        Span<uint> words = stackalloc uint[BufferWords];
        while (!numbers.IsEmpty)
        {
            Span<uint> part = words[..Math.Min(words.Length, numbers.Length)];
            generator.Fill(part, start);
            ToUniform(part, numbers);

            numbers = numbers[part.Length..];
            start += (ulong)part.Length;
        }
    }

    private static void ToUniform(ReadOnlySpan<uint> words, Span<float> numbers)
    {
        const float Unit = 1f / (1 << 24);
        int i = 0;
        for (; i <= words.Length - Vector<uint>.Count; i += Vector<uint>.Count)
        {
            Vector<int> bits = Vector.ShiftRightLogical(new Vector<uint>(words[i..]), 8).As<uint, int>();
            (Vector.ConvertToSingle(bits) * Unit).CopyTo(numbers[i..]);
        }

        for (; i < words.Length; i++)
        {
            numbers[i] = (int)(words[i] >> 8) * Unit;
        }
    }

    /// <summary>Generates standard normal numbers: numbers 2j and 2j + 1 are made from words 2j and 2j + 1.</summary>
    internal static void Gaussian(in Philox generator, Span<float> numbers, ulong start)
    {
        Span<uint> words = stackalloc uint[BufferWords];
        while (!numbers.IsEmpty)
        {
            int odd = (int)(start & 1);
            int take = Math.Min(words.Length - odd, numbers.Length);
            Span<uint> part = words[..((take + odd + 1) & ~1)];
            generator.Fill(part, start - (ulong)odd);
            for (int i = 0; i < take; i++)
            {
                numbers[i] = Gaussian(part[(i + odd) & ~1], part[(i + odd) | 1], second: ((i + odd) & 1) != 0);
            }

            numbers = numbers[take..];
            start += (ulong)take;
        }
    }

    /// <summary>
    /// Box-Muller transform (1958): r = sqrt(-2 ln u), angle 2 pi v. u is in (0, 1], so the logarithm is finite.
    /// </summary>
    private static float Gaussian(uint first, uint other, bool second)
    {
        float u = ((first >> 8) + 1) * (1f / (1 << 24));
        float v = (other >> 8) * (1f / (1 << 24));
        (float sin, float cos) = MathF.SinCos(2 * MathF.PI * v);
        return MathF.Sqrt(-2 * MathF.Log(u)) * (second ? sin : cos);
    }
}
