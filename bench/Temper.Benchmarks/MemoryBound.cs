using BenchmarkDotNet.Attributes;
using Temper.Kernels;

namespace Temper.Benchmarks;

/// <summary>Memory-bound kernels: normalization, sums and optimizer steps.</summary>
public class MemoryBound
{
    private const int Channels = 64;

    private readonly float[] _mean = new float[Channels];
    private readonly float[] _variance = new float[Channels];
    private Memory<float> _x;
    private Memory<float> _y;
    private Memory<float> _z;
    private Memory<float> _w;

    [Params(64 * 1024, 4 * 1024 * 1024)]
    public int Floats { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        (_x, _y) = (Numbers.From(1, Floats), Numbers.From(2, Floats));
        (_z, _w) = (Numbers.Scratch(Floats), Numbers.Scratch(Floats));
    }

    [Benchmark]
    public void Statistics() => Normalization.Statistics(_x.Span, _mean, _variance);

    [Benchmark]
    public void NormalizeAddRelu() => Normalization.Apply(_x.Span, _variance, _mean, _y.Span, relu: true, _z.Span);

    [Benchmark]
    public double SumOfSquares() => Reductions.SumOfSquares(_x.Span);

    [Benchmark]
    public void Adam() => OptimizerSteps.Adam(
        new ParameterStep { Value = _x.Span, Gradient = _y.Span, Rate = 1e-6f }, _z.Span, _w.Span,
        new AdamRule(0.9f, 0.999f, 1e-8f, 1, 1));
}
