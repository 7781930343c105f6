using System.Security.Cryptography;
using System.Runtime.InteropServices;
using Temper.Kernels;

namespace Temper.Privacy.Morphing;

/// <summary>The secret map of a key: block-diagonal with orthogonal cores, so its inverse is its transpose. Rows are morphed as <c>t = x M</c>.</summary>
public sealed class Morpher : IDisposable
{
    private readonly float[][] _cores;

    /// <summary>Draws the cores of a key. Takes a time that grows with the third power of a core's side: about 2 s for 3072.</summary>
    /// <param name="key">The key.</param>
    public Morpher(MorphKey key)
    {
        Map = key.Map;
        _cores = [.. Enumerable.Range(0, Map.DrawnCores).Select(core => Draw(key, core))];
    }

    /// <summary>Sizes of the map.</summary>
    public MorphMap Map { get; }

    /// <summary>SHA-256 of all cores, float32 and little-endian, in hexadecimal: the same on every machine for one key.</summary>
    public string Digest
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Array.ForEach(_cores, core => hash.AppendData(MemoryMarshal.AsBytes(core.AsSpan())));
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Morphs rows.</summary>
    /// <param name="rows"><c>[N, d]</c>.</param>
    /// <param name="result">Receives <c>[N, d]</c>; must not overlap <paramref name="rows"/>.</param>
    public void Apply(ReadOnlySpan<float> rows, Span<float> result) => Multiply(rows, result, isInverse: false);

    /// <summary>Undoes <see cref="Apply"/>.</summary>
    /// <param name="rows"><c>[N, d]</c>, morphed.</param>
    /// <param name="result">Receives <c>[N, d]</c>; must not overlap <paramref name="rows"/>.</param>
    public void Undo(ReadOnlySpan<float> rows, Span<float> result) => Multiply(rows, result, isInverse: true);

    /// <summary>Zeroes the map.</summary>
    public void Dispose() => Array.ForEach(_cores, core => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(core.AsSpan())));

    /// <summary>One core, <c>[q, q]</c> row-major.</summary>
    internal ReadOnlySpan<float> Core(int core) => _cores[core % _cores.Length];

    private void Multiply(ReadOnlySpan<float> rows, Span<float> result, bool isInverse)
    {
        (int inputs, int side) = (Map.Inputs, Map.CoreSide);
        int count = rows.Length / inputs;
        if (rows.Length % inputs != 0 || result.Length < rows.Length)
        {
            throw new ArgumentException($"morph: rows do not fit (got {rows.Length} numbers for {result.Length} results, expected a multiple of {inputs})");
        }

        if (_cores.Length == 1)
        {
            // Equal cores: each piece of a row is a row of one product.
            MatrixView core = new(_cores[0], side, side);
            Gemm.Multiply(new MatrixView(rows, count * Map.Cores, side), isInverse ? core.Transposed : core, result);
            return;
        }

        float[] product = new float[count * side];
        for (int k = 0; k < _cores.Length && count > 0; k++)
        {
            MatrixView core = new(_cores[k], side, side);
            Gemm.Multiply(new MatrixView(rows[(k * side)..], count, side, inputs), isInverse ? core.Transposed : core, product);
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
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<double, float>(exact, rounded);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(exact.AsSpan()));
        return rounded;
    }
}
