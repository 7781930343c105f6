using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Block-diagonal map with orthogonal blocks (cores). Each core is drawn uniformly from all rotations and reflections;
/// the inverse is the transpose.
/// </summary>
internal sealed class CoreMap : SecretMap
{
    private readonly MorphMap _sizes;
    private readonly float[][] _cores;

    internal CoreMap(MorphKey key)
    {
        _sizes = key.Map;
        _cores = [.. Enumerable.Range(0, _sizes.DrawnCores).Select(core => Draw(key, core))];
    }

    internal override void Apply(ReadOnlySpan<float> rows, Span<float> result) =>
        Multiply(rows, result, isInverse: false);

    internal override void Undo(ReadOnlySpan<float> rows, Span<float> result) =>
        Multiply(rows, result, isInverse: true);

    internal override void InverseRows(int first, Span<float> rows)
    {
        (int inputs, int side) = (_sizes.Inputs, _sizes.CoreSide);
        rows.Clear();
        for (int row = 0; row < rows.Length / inputs; row++)
        {
            (int core, int index) = Math.DivRem(first + row, side);
            ReadOnlySpan<float> matrix = Core(core);
            Span<float> target = rows.Slice((row * inputs) + (core * side), side);
            for (int i = 0; i < side; i++)
            {
                target[i] = matrix[(i * side) + index];
            }
        }
    }

    internal override void AppendTo(IncrementalHash hash) =>
        Array.ForEach(_cores, core => hash.AppendData(MemoryMarshal.AsBytes(core.AsSpan())));

    public override void Dispose() =>
        Array.ForEach(_cores, core => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(core.AsSpan())));

    /// <summary>Returns one core, <c>[q, q]</c>, row-major.</summary>
    internal ReadOnlySpan<float> Core(int core) => _cores[core % _cores.Length];

    private void Multiply(ReadOnlySpan<float> rows, Span<float> result, bool isInverse)
    {
        (int inputs, int side) = (_sizes.Inputs, _sizes.CoreSide);
        int count = rows.Length / inputs;
        if (_cores.Length == 1)
        {
            // All cores are equal, so each segment of a row becomes one row of a single product.
            MatrixView core = new(_cores[0], side, side);
            Gemm.Multiply(new MatrixView(rows, count * _sizes.Cores, side), isInverse ? core.Transposed : core, result);
            return;
        }

        float[] product = new float[count * side];
        for (int k = 0; k < _cores.Length && count > 0; k++)
        {
            MatrixView core = new(_cores[k], side, side);
            Gemm.Multiply(
                new MatrixView(rows[(k * side)..], count, side, inputs), isInverse ? core.Transposed : core, product);
            for (int row = 0; row < count; row++)
            {
                product.AsSpan(row * side, side).CopyTo(result[((row * inputs) + (k * side))..]);
            }
        }
    }

    private static float[] Draw(MorphKey key, int core)
    {
        using KeyStream stream = key.Stream($"core/{core}");
        double[] exact = RandomReflections.Orthogonal(key.Map.CoreSide, stream.NextNormal);
        float[] rounded = new float[exact.Length];
        TensorPrimitives.ConvertTruncating<double, float>(exact, rounded);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(exact.AsSpan()));
        return rounded;
    }
}
