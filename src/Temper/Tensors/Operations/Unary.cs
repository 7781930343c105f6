namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>e to the power of each element. Any shape.</summary>
    public Tensor Exp() => new UnaryOperation<ExpFunction>(this).Apply();

    /// <summary>The natural logarithm of each element; NaN below zero, minus infinity at zero. Any shape.</summary>
    public Tensor Log() => new UnaryOperation<LogFunction>(this).Apply();

    /// <summary>The square root of each element; NaN below zero. Any shape.</summary>
    public Tensor Sqrt() => new UnaryOperation<SqrtFunction>(this).Apply();

    /// <summary>The magnitude of each element, also of integers; its gradient at zero is zero. Any shape.</summary>
    public Tensor Abs() =>
        DType == DType.Float32 ? new UnaryOperation<AbsFunction>(this).Apply() : IntegerOperations.Abs(this);

    /// <summary>
    /// -1, 0 or 1 by the sign of each element, also of integers. Its gradient is zero everywhere. Any shape.
    /// </summary>
    public Tensor Sign() =>
        DType == DType.Float32 ? new UnaryOperation<SignFunction>(this).Apply() : IntegerOperations.Sign(this);

    /// <summary>The negative of each element, also of integers. Any shape.</summary>
    public Tensor Negate() => DType == DType.Float32 ? Affine(-1, 0) : IntegerOperations.Negate(this);

    /// <summary><c>1 / x</c> for each element. Any shape.</summary>
    public Tensor Reciprocal() => Pow(-1f);

    /// <summary>The next whole number above each element. Its gradient is zero everywhere. Any shape.</summary>
    public Tensor Ceiling() => new UnaryOperation<CeilingFunction>(this).Apply();

    /// <summary>The next whole number below each element. Its gradient is zero everywhere. Any shape.</summary>
    public Tensor Floor() => new UnaryOperation<FloorFunction>(this).Apply();

    /// <summary>The nearest whole number, the even one of two. Its gradient is zero everywhere. Any shape.</summary>
    public Tensor Round() => new UnaryOperation<RoundFunction>(this).Apply();

    /// <summary>The error function <c>2/√π ∫₀ˣ exp(-t²) dt</c> of each element, to 2e-7. Any shape.</summary>
    public Tensor Erf() => new UnaryOperation<ErfFunction>(this).Apply();

    /// <summary><c>scale x + shift</c> for each element. Any shape.</summary>
    /// <param name="scale">Factor.</param>
    /// <param name="shift">Added after multiplying, with one rounding.</param>
    public Tensor Affine(float scale, float shift) =>
        new UnaryOperation<AffineFunction>(this, new(scale, shift)).Apply();

    /// <summary>The hyperbolic tangent of each element, in [-1, 1]; NaN stays NaN. Any shape.</summary>
    public Tensor Tanh() => new UnaryOperation<TanhFunction>(this).Apply();

    /// <summary><c>1 / (1 + e⁻ˣ)</c> for each element, in [0, 1]. Any shape.</summary>
    public Tensor Sigmoid() => new UnaryOperation<SigmoidFunction>(this).Apply();

    /// <summary>
    /// The larger of each element and zero; NaN stays NaN, and the gradient at zero is zero. Any shape.
    /// </summary>
    public Tensor Relu() => new UnaryOperation<ReluFunction>(this).Apply();

    /// <summary>x above zero, else <c>slope x</c>. Any shape.</summary>
    /// <param name="slope">Slope below zero; PyTorch's default is 0.01.</param>
    public Tensor LeakyRelu(float slope = 0.01f) => new UnaryOperation<LeakyReluFunction>(this, new(slope)).Apply();

    /// <summary><c>log(1 + eˣ)</c> without overflow. Any shape.</summary>
    public Tensor Softplus() => new UnaryOperation<SoftplusFunction>(this).Apply();

    /// <summary>
    /// Each element moved into [low, high]; the gradient passes where it was inside, the borders included. Any shape.
    /// </summary>
    /// <param name="low">Smallest result.</param>
    /// <param name="high">Largest result, at least <paramref name="low"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="high"/> is below <paramref name="low"/>.
    /// </exception>
    public Tensor Clamp(float low, float high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(high, low);
        return new UnaryOperation<ClampFunction>(this, new(low, high)).Apply();
    }

    /// <summary>Each element to a fixed power. Any shape.</summary>
    /// <param name="exponent">The power.</param>
    public Tensor Pow(float exponent) => new UnaryOperation<PowerFunction>(this, new(exponent)).Apply();
}
