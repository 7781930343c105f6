using Temper.Kernels;

namespace Temper.Tensors;

internal readonly struct ExponentialLinearFunction(float gain, float low, float rate) : IUnaryFunction
{
    public string Name => "Elu";

    public void Value(ReadOnlySpan<float> x, Span<float> y) =>
        Elementwise.Apply(new ExponentialLinear(gain, low, rate), x, y);

    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(new ExponentialLinearGradient(gain, low, rate), x, dy, dx);
}

internal readonly struct MishFunction : IUnaryFunction
{
    public string Name => "Mish";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(default(MishOperator), x, y);

    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(MishGradient), x, dy, dx);
}

internal readonly struct SoftsignFunction : IUnaryFunction
{
    public string Name => "Softsign";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(default(SoftsignOperator), x, y);

    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(SoftsignGradient), x, dy, dx);
}

internal readonly struct NormalProbabilityFunction : IUnaryFunction
{
    public string Name => "Gelu";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.NormalProbability(x, y);

    /// <summary>Computes dx = exp(-x²/2) / √(2π) dy.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(NormalDensityGradient), x, dy, dx);
}
