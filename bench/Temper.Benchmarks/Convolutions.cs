using System.Globalization;
using BenchmarkDotNet.Attributes;
using Temper.Kernels;

namespace Temper.Benchmarks;

/// <summary>
/// The three passes of a convolution of 64 images. Layers are written "kernel: inputs-outputs @size". Times include the
/// packing of the weights.
/// </summary>
public class Convolutions
{
    private const int Batch = 64;

    private ConvolutionGeometry _geometry;
    private Memory<float> _x;
    private Memory<float> _weight;
    private Memory<float> _y;
    private Memory<float> _dx;
    private Memory<float> _dw;

    [Params("3: 3-64 @32", "3: 64-64 @32", "3: 256-256 @8", "1: 256-256 @8", "5: 1-20 @28", "5: 20-50 @12")]
    public string Layer { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        int[] n =
        [
            .. Layer.Split([':', '-', '@', ' '], StringSplitOptions.RemoveEmptyEntries)
                .Select(size => int.Parse(size, CultureInfo.InvariantCulture)),
        ];
        int padding = n[0] == 3 ? 1 : 0;
        _geometry = new ConvolutionGeometry
        {
            Batch = Batch, InChannels = n[1], InHeight = n[3], InWidth = n[3], OutChannels = n[2], KernelHeight = n[0],
            KernelWidth = n[0],
            PadTop = padding, PadLeft = padding, PadBottom = padding, PadRight = padding,
        };
        (_x, _dx) = (Numbers.From(1, _geometry.InCount), Numbers.Scratch(_geometry.InCount));
        (_weight, _dw) = (Numbers.From(2, _geometry.WeightCount), Numbers.Scratch(_geometry.WeightCount));
        _y = Numbers.From(3, _geometry.OutCount);
    }

    [Benchmark]
    public void Forward() => Convolution.Forward(_geometry, _x.Span, _weight.Span, _y.Span, default);

    [Benchmark]
    public void BackwardData() => Convolution.BackwardData(_geometry, _y.Span, _weight.Span, _dx.Span);

    [Benchmark]
    public void BackwardWeights() => Convolution.BackwardWeights(_geometry, _x.Span, _y.Span, _dw.Span);
}
