using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>Inputs for tests, the same in every run.</summary>
public static class Samples
{
    /// <summary>Lengths around every vector width; the last one exceeds one chunk of the thread pool.</summary>
    public static IReadOnlyList<int> Lengths { get; } = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 70_001];

    /// <summary>NaN, infinities, both zeros, the extremes of the range, and 1 and -1.</summary>
    public static IReadOnlyList<float> Specials { get; } =
    [
        float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f, -0f, float.MaxValue, float.MinValue, float.Epsilon, -float.Epsilon, 1f, -1f,
    ];

    /// <summary>Returns uniformly distributed values.</summary>
    public static float[] Uniform(int length, ulong seed, float low = -1, float high = 1)
    {
        float[] numbers = new float[length];
        RandomStream.FromSeed(seed).FillUniform(numbers, low, high);
        return numbers;
    }

    /// <summary>Returns standard normal values.</summary>
    public static float[] Gaussian(int length, ulong seed)
    {
        float[] numbers = new float[length];
        RandomStream.FromSeed(seed).FillGaussian(numbers);
        return numbers;
    }

    /// <summary>Returns a tensor of standard normal values.</summary>
    public static Tensor GaussianTensor(Shape shape, ulong seed) => Tensor.From(Gaussian(shape.Count, seed), shape);

    /// <summary>Returns random class labels, 0 to <paramref name="classes"/> - 1.</summary>
    public static long[] Labels(int length, int classes, ulong seed)
    {
        RandomCursor cursor = RandomStream.FromSeed(seed).Cursor();
        return [.. Enumerable.Range(0, length).Select(_ => (long)cursor.NextInt32(classes))];
    }

    /// <summary>
    /// Returns <see cref="Specials"/>, repeated to <paramref name="length"/>, so that every part of a vector register
    /// receives special values.
    /// </summary>
    public static float[] SpecialsRepeated(int length) => [.. Enumerable.Range(0, length).Select(i => Specials[i % Specials.Count])];
}
