using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Temper.Kernels;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Structured orthogonal map: rounds of a secret permutation, secret signs and a Walsh-Hadamard transform. Sizes that
/// are not a power of two are split into powers of two, which the next round's permutation mixes. Time O(d log d) per
/// row, memory O(d).
/// </summary>
internal sealed class HadamardMap : SecretMap
{
    /// <summary>
    /// Number of rounds. After three, every output value depends on every input value, also for sizes split into
    /// several powers of two.
    /// </summary>
    internal const int Rounds = 3;

    private const int RowsAtOnce = 16;

    /// <summary>Butterflies of halves shorter than this are not vectorized.</summary>
    private const int Vectorized = 16;

    private readonly int _inputs;
    private readonly int[][] _orders;
    private readonly float[][] _signs;

    internal HadamardMap(MorphKey key)
    {
        _inputs = key.Map.Inputs;
        (_orders, _signs) = (new int[Rounds][], new float[Rounds][]);
        for (int round = 0; round < Rounds; round++)
        {
            using KeyStream stream = key.Stream($"hadamard/{round}");
            _orders[round] = stream.NextPermutation(_inputs);
            _signs[round] = new float[_inputs];
            for (int i = 0; i < _inputs; i++)
            {
                _signs[round][i] = stream.NextBelow(2) == 0 ? 1 : -1;
            }
        }
    }

    internal override void Apply(ReadOnlySpan<float> rows, Span<float> result) => Run(rows, result, isInverse: false);

    internal override void Undo(ReadOnlySpan<float> rows, Span<float> result) => Run(rows, result, isInverse: true);

    internal override void InverseRows(int first, Span<float> rows)
    {
        float[] units = new float[rows.Length];
        for (int row = 0; row < rows.Length / _inputs; row++)
        {
            units[(row * _inputs) + first + row] = 1;
        }

        Undo(units, rows);
    }

    internal override void AppendTo(IncrementalHash hash)
    {
        for (int round = 0; round < Rounds; round++)
        {
            hash.AppendData(MemoryMarshal.AsBytes(_orders[round].AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(_signs[round].AsSpan()));
        }
    }

    public override void Dispose()
    {
        Array.ForEach(_orders, order => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(order.AsSpan())));
        Array.ForEach(_signs, signs => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(signs.AsSpan())));
    }

    private void Run(ReadOnlySpan<float> rows, Span<float> result, bool isInverse)
    {
        float[] values = rows.ToArray();
        WorkerPool.Current.Run(new Work(this, values, isInverse), Chunks.Count(rows.Length / _inputs, RowsAtOnce));
        values.CopyTo(result);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    /// <summary>Applies one round: <c>y[i] = s[i] x[order[i]]</c>, then the transform.</summary>
    private void Forward(Span<float> x, Span<float> y, int round)
    {
        (int[] order, float[] signs) = (_orders[round], _signs[round]);
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = signs[i] * x[order[i]];
        }

        Transform(y, x);
        y.CopyTo(x);
    }

    private void Backward(Span<float> x, Span<float> y, int round)
    {
        (int[] order, float[] signs) = (_orders[round], _signs[round]);
        Transform(x, y);
        for (int i = 0; i < y.Length; i++)
        {
            y[order[i]] = signs[i] * x[i];
        }

        y.CopyTo(x);
    }

    /// <summary>
    /// Applies the Walsh-Hadamard transform to each of the powers of two that make up the length, largest first. The
    /// transform is its own inverse.
    /// </summary>
    private static void Transform(Span<float> x, Span<float> scratch)
    {
        for (int start = 0, length; start < x.Length; start += length)
        {
            length = 1 << BitOperations.Log2((uint)(x.Length - start));
            Span<float> block = x.Slice(start, length);
            for (int half = 1; half < length; half *= 2)
            {
                for (int i = 0; i < length; i += 2 * half)
                {
                    Butterfly(block.Slice(i, half), block.Slice(i + half, half), scratch);
                }
            }

            TensorPrimitives.Multiply(block, 1 / MathF.Sqrt(length), block);
        }
    }

    private static void Butterfly(Span<float> a, Span<float> b, Span<float> scratch)
    {
        if (a.Length >= Vectorized)
        {
            Span<float> difference = scratch[..a.Length];
            TensorPrimitives.Subtract(a, b, difference);
            TensorPrimitives.Add(a, b, a);
            difference.CopyTo(b);
            return;
        }

        for (int i = 0; i < a.Length; i++)
        {
            (a[i], b[i]) = (a[i] + b[i], a[i] - b[i]);
        }
    }

    private sealed class Work(HadamardMap map, float[] values, bool isInverse) : IPoolWork
    {
        public void Run(int task, int thread)
        {
            int inputs = map._inputs, last = Math.Min(values.Length / inputs, (task + 1) * RowsAtOnce);
            float[] scratch = new float[inputs];
            for (int row = task * RowsAtOnce; row < last; row++)
            {
                Span<float> x = values.AsSpan(row * inputs, inputs);
                for (int round = 0; round < Rounds; round++)
                {
                    if (isInverse)
                    {
                        map.Backward(x, scratch, Rounds - 1 - round);
                    }
                    else
                    {
                        map.Forward(x, scratch, round);
                    }
                }
            }
        }
    }
}
