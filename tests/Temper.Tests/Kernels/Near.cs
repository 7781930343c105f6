using Temper.Kernels;

namespace Temper.Tests.Kernels;

/// <summary>Comparisons with double-precision references.</summary>
internal static class Near
{
    /// <summary>
    /// Accepts both NaN, both the same infinity, or a difference of at most tolerance (1 + |expected|).
    /// </summary>
    internal static void Equal(double expected, float actual, double tolerance, string where)
    {
        bool same = double.IsNaN(expected) ? float.IsNaN(actual)
            : float.IsInfinity((float)expected) ? (float)expected == actual
            : Math.Abs(expected - actual) <= tolerance * (1 + Math.Abs(expected));
        Assert.True(same, $"{where}: got {actual:R}, expected {expected:R}");
    }

    internal static void Equal(IReadOnlyList<double> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Count, actual.Length);
        for (int i = 0; i < actual.Length; i++)
        {
            Equal(expected[i], actual[i], tolerance, $"[{i}]");
        }
    }

    /// <summary>Checks that the bytes of the result are the same for 1, 2, 3 and 8 threads.</summary>
    internal static void SameForAnyThreads(Func<float[]> compute)
    {
        byte[]? expected = null;
        foreach (int threads in (int[])[1, 2, 3, 8])
        {
            using var pool = new WorkerPool(threads);
            using WorkerPool.Usage usage = pool.Use();
            byte[] bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(compute().AsSpan()).ToArray();
            expected ??= bytes;
            Assert.Equal(expected, bytes);
        }
    }
}
