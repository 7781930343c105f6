using System.Globalization;
using BenchmarkDotNet.Attributes;
using Temper.Kernels;

namespace Temper.Benchmarks;

/// <summary>Matrix products <c>[M, K] x [K, N]</c>. Times include packing.</summary>
public class MatrixProducts
{
    private Memory<float> _a;
    private Memory<float> _b;
    private Memory<float> _c;
    private (int M, int K, int N) _sizes;

    [Params("512x512x512", "1024x1024x1024", "64x784x300", "64x800x500")]
    public string Sizes { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        int[] sizes = [.. Sizes.Split('x').Select(size => int.Parse(size, CultureInfo.InvariantCulture))];
        _sizes = (sizes[0], sizes[1], sizes[2]);
        _a = Numbers.From(1, sizes[0] * sizes[1]);
        _b = Numbers.From(2, sizes[1] * sizes[2]);
        _c = Numbers.Scratch(sizes[0] * sizes[2]);
    }

    [Benchmark]
    public void Multiply() =>
        Gemm.Multiply(
            new MatrixView(_a.Span, _sizes.M, _sizes.K), new MatrixView(_b.Span, _sizes.K, _sizes.N), _c.Span);
}
