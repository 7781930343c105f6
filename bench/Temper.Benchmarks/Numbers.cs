using Temper.Randomness;
using Temper.Tensors.Memory;

namespace Temper.Benchmarks;

/// <summary>Inputs of the benchmarks: the same numbers in each run.</summary>
internal static class Numbers
{
    internal static Memory<float> From(ulong seed, long count)
    {
        Memory<float> values = Scratch(count);
        RandomStream.FromSeed(seed).FillUniform(values.Span, -1, 1);
        return values;
    }

    /// <summary>Returns memory with the alignment of tensors.</summary>
    internal static Memory<float> Scratch(long count) => BufferPool<float>.AllocateAligned(checked((int)count));
}
