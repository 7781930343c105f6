using Temper.Kernels;

namespace Temper.Tensors;

internal readonly struct ExpFunction : IUnaryFunction
{
    public string Name => "Exp";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Exp(x, y);

    /// <summary>Computes dx = eˣ dy.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(MultiplyKernel), y, dy, dx);
}

internal readonly struct LogFunction : IUnaryFunction
{
    public string Name => "Log";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Log(x, y);

    /// <summary>Computes dx = dy / x.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(LogGradient), x, dy, dx);
}

internal readonly struct SqrtFunction : IUnaryFunction
{
    public string Name => "Sqrt";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(default(SquareRoot), x, y);

    /// <summary>Computes dx = dy / (2 √x).</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(SquareRootGradient), y, dy, dx);
}

internal readonly struct AbsFunction : IUnaryFunction
{
    public string Name => "Abs";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(default(Absolute), x, y);

    /// <summary>Computes dx = sign(x) dy.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(AbsoluteGradient), x, dy, dx);
}

internal readonly struct TanhFunction : IUnaryFunction
{
    public string Name => "Tanh";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Tanh(x, y);

    /// <summary>Computes dx = (1 - y²) dy.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(HyperbolicTangentGradient), x, y, dy, dx);
}

internal readonly struct SigmoidFunction : IUnaryFunction
{
    public string Name => "Sigmoid";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Sigmoid(x, y);

    /// <summary>Computes dx = y (1 - y) dy.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(LogisticGradient), x, y, dy, dx);
}

internal readonly struct ReluFunction : IUnaryFunction
{
    public string Name => "Relu";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(default(Relu), x, y);

    /// <summary>Computes dx = dy where y is above 0, else 0.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(ReluGradient), y, dy, dx);
}

internal readonly struct LeakyReluFunction(float slope) : IUnaryFunction
{
    public string Name => "LeakyRelu";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(new LeakyRelu(slope), x, y);

    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(new LeakyReluGradient(slope), x, dy, dx);
}

internal readonly struct SoftplusFunction : IUnaryFunction
{
    public string Name => "Softplus";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Softplus(x, y);

    /// <summary>Computes dx = sigmoid(x) dy.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(default(SoftplusGradient), x, dy, dx);
}

internal readonly struct ClampFunction(float low, float high) : IUnaryFunction
{
    public string Name => "Clamp";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(new Clamp(low, high), x, y);

    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(new ClampGradient(low, high), x, dy, dx);
}

internal readonly struct AffineFunction(float scale, float shift) : IUnaryFunction
{
    public string Name => "Affine";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(new Affine(scale, shift), x, y);

    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(new Scale(scale), dy, dx);
}

internal readonly struct PowerFunction(float exponent) : IUnaryFunction
{
    public string Name => "Pow";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Pow(x, exponent, y);

    /// <summary>Computes dx = p xᵖ⁻¹ dy; 0 for p = 0.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        if (exponent == 0)
        {
            dx.Clear();
            return;
        }

        Transcendental.Pow(x, exponent - 1, dx);
        Elementwise.Apply(default(MultiplyKernel), dx, dy, dx);
        Elementwise.Apply(new Scale(exponent), dx, dx);
    }
}

internal readonly struct SignFunction : IUnaryFunction
{
    public string Name => "Sign";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(default(Sign), x, y);

    /// <summary>The derivative is 0 almost everywhere, and is taken as 0 at zero too, as in PyTorch.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        dx.Clear();
}

internal readonly struct CeilingFunction : IUnaryFunction
{
    public string Name => "Ceiling";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Ceiling(x, y);

    /// <summary>The derivative is 0 almost everywhere, and is taken as 0 at integers too.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        dx.Clear();
}

internal readonly struct FloorFunction : IUnaryFunction
{
    public string Name => "Floor";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Floor(x, y);

    /// <summary>The derivative is 0 almost everywhere, and is taken as 0 at integers too.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        dx.Clear();
}

internal readonly struct RoundFunction : IUnaryFunction
{
    public string Name => "Round";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Round(x, y);

    /// <summary>The derivative is 0 almost everywhere, and is taken as 0 at the jumps too.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        dx.Clear();
}

internal readonly struct ErfFunction : IUnaryFunction
{
    public string Name => "Erf";

    public void Value(ReadOnlySpan<float> x, Span<float> y) => Transcendental.Erf(x, y);

    /// <summary>Computes dx = 2/√π exp(-x²) dy.</summary>
    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        Elementwise.Apply(default(MultiplyKernel), x, x, dx);
        Elementwise.Apply(default(Negate), dx, dx);
        Transcendental.Exp(dx, dx);
        Elementwise.Apply(new Scale(2 / MathF.Sqrt(MathF.PI)), dx, dx);
        Elementwise.Apply(default(MultiplyKernel), dx, dy, dx);
    }
}
