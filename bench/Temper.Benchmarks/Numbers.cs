using Temper.Randomness;

namespace Temper.Benchmarks;

/// <summary>Input of the benchmarks: the same numbers in each run.</summary>
internal static class Numbers
{
    internal static float[] From(ulong seed, long count)
    {
        float[] values = new float[checked((int)count)];
        RandomStream.FromSeed(seed).FillUniform(values, -1, 1);
        return values;
    }
}
