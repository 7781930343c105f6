using System.Runtime.InteropServices;

namespace Temper.Parallelism.Collectives;

/// <summary>
/// All-reduce that sends its terms and results as bfloat16, half of the bytes of float32. Terms are added in float32,
/// in rank order, so the same number of ranks gives the same bytes on every run. All ranks get the same sums.
/// </summary>
/// <remarks>
/// Like PyTorch's <c>bf16_compress_hook</c>, except that the addition itself is in float32. Each term and each sum is
/// rounded once, to 8 bits of precision (relative error up to 2^-9). The range is that of float32, so gradients need no
/// loss scaling.
/// </remarks>
/// <param name="ranks">The group of ranks.</param>
internal sealed class BFloat16Sum(Communicator ranks)
{
    private float[] _send = [], _receive = [], _sum = [];
    private int[] _lengths = [];

    /// <summary>Replaces each number by its sum over all ranks.</summary>
    /// <param name="values">The numbers; the same length on all ranks.</param>
    internal void AllReduce(Span<float> values)
    {
        for (int start = 0; ranks.Size > 1 && start < values.Length; start += Communicator.ChunkLength)
        {
            AllReduceChunk(values.Slice(start, Math.Min(Communicator.ChunkLength, values.Length - start)));
        }
    }

    private void AllReduceChunk(Span<float> chunk)
    {
        int size = ranks.Size, part = (chunk.Length + size - 1) / size;

        // Two bfloat16 values are packed into one float32. All parts have the same length; the last ones are padded.
        int packed = (part + 1) / 2;
        Reserve(packed, size);
        Span<float> send = _send.AsSpan(0, packed * size), receive = _receive.AsSpan(0, packed * size),
            sum = _sum.AsSpan(0, part);
        for (int rank = 0; rank < size; rank++)
        {
            Encode(PartOf(chunk, part, rank), send.Slice(rank * packed, packed));
        }

        ranks.Exchange(send, _lengths, receive, _lengths);
        sum.Clear();
        Span<float> own = sum[..PartOf(chunk, part, ranks.Rank).Length];
        for (int rank = 0; rank < size; rank++)
        {
            AddDecoded(receive.Slice(rank * packed, packed), own);
        }

        Encode(own, receive.Slice(ranks.Rank * packed, packed));
        ranks.AllGather(receive);
        for (int rank = 0; rank < size; rank++)
        {
            Span<float> result = PartOf(chunk, part, rank);
            result.Clear();
            AddDecoded(receive.Slice(rank * packed, packed), result);
        }
    }

    private void Reserve(int packed, int size)
    {
        if (_send.Length < packed * size)
        {
            (_send, _receive) = (new float[packed * size], new float[packed * size]);
            _sum = new float[2 * packed];
        }

        if (_lengths.Length != size)
        {
            _lengths = new int[size];
        }

        Array.Fill(_lengths, packed);
    }

    private static Span<float> PartOf(Span<float> chunk, int part, int rank)
    {
        int start = Math.Min(rank * part, chunk.Length);
        return chunk.Slice(start, Math.Min(part, chunk.Length - start));
    }

    private static void Encode(ReadOnlySpan<float> values, Span<float> packed)
    {
        Span<ushort> halves = MemoryMarshal.Cast<float, ushort>(packed);
        for (int i = 0; i < values.Length; i++)
        {
            halves[i] = Round(values[i]);
        }

        halves[values.Length..].Clear();
    }

    /// <summary>Rounds to the nearest bfloat16, ties to even. NaN stays NaN.</summary>
    private static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void AddDecoded(ReadOnlySpan<float> packed, Span<float> sum)
    {
        ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<float, ushort>(packed);
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] += BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
        }
    }
}
