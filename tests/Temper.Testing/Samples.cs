using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>Inputs for tests, the same in every run.</summary>
public static class Samples
{
    /// <summary>Lengths around every vector width and, last, beyond one chunk of the thread pool.</summary>
    public static IReadOnlyList<int> Lengths { get; } = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 70_001];

    /// <summary>NaN, infinities, both zeros and the ends of the range.</summary>
    public static IReadOnlyList<float> Specials { get; } =
    [
        float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f, -0f, float.MaxValue, float.MinValue, float.Epsilon, -float.Epsilon, 1f, -1f,
    ];

    /// <summary>Uniform numbers.</summary>
    public static float[] Uniform(int length, ulong seed, float low = -1, float high = 1)
    {
        float[] numbers = new float[length];
        RandomStream.FromSeed(seed).FillUniform(numbers, low, high);
        return numbers;
    }

    /// <summary>Normal numbers.</summary>
    public static float[] Gaussian(int length, ulong seed)
    {
        float[] numbers = new float[length];
        RandomStream.FromSeed(seed).FillGaussian(numbers);
        return numbers;
    }

    /// <summary>A tensor of normal numbers.</summary>
    public static Tensor GaussianTensor(Shape shape, ulong seed) => Tensor.From(Gaussian(shape.Count, seed), shape);

    /// <summary>Classes 0 to <paramref name="classes"/> - 1.</summary>
    public static long[] Labels(int length, int classes, ulong seed)
    {
        RandomCursor cursor = RandomStream.FromSeed(seed).Cursor();
        return [.. Enumerable.Range(0, length).Select(_ => (long)cursor.NextInt32(classes))];
    }

    /// <summary>Some special number at every place of a vector: the specials repeated to <paramref name="length"/>.</summary>
    public static float[] SpecialsRepeated(int length) => [.. Enumerable.Range(0, length).Select(i => Specials[i % Specials.Count])];
}
