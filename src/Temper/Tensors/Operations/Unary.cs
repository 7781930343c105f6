namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Computes the exponential of each element. Any shape.</summary>
    public Tensor Exp() => new UnaryOperation<ExpFunction>(this).Apply();

    /// <summary>
    /// Computes the natural logarithm of each element; NaN below 0, negative infinity at 0. Any shape.
    /// </summary>
    public Tensor Log() => new UnaryOperation<LogFunction>(this).Apply();

    /// <summary>Computes the square root of each element; NaN below 0. Any shape.</summary>
    public Tensor Sqrt() => new UnaryOperation<SqrtFunction>(this).Apply();

    /// <summary>
    /// Computes the absolute value of each element; float32 or integer. The gradient at 0 is 0. Any shape.
    /// </summary>
    public Tensor Abs() =>
        DType == DType.Float32 ? new UnaryOperation<AbsFunction>(this).Apply() : IntegerOperations.Abs(this);

    /// <summary>
    /// Returns the sign of each element, -1, 0 or 1; float32 or integer. The gradient is 0 everywhere. Any shape.
    /// </summary>
    public Tensor Sign() =>
        DType == DType.Float32 ? new UnaryOperation<SignFunction>(this).Apply() : IntegerOperations.Sign(this);

    /// <summary>Negates each element; float32 or integer. Any shape.</summary>
    public Tensor Negate() => DType == DType.Float32 ? Affine(-1, 0) : IntegerOperations.Negate(this);

    /// <summary>Computes <c>1 / x</c> for each element. Any shape.</summary>
    public Tensor Reciprocal() => Pow(-1f);

    /// <summary>Rounds each element up to an integer. The gradient is 0 everywhere. Any shape.</summary>
    public Tensor Ceiling() => new UnaryOperation<CeilingFunction>(this).Apply();

    /// <summary>Rounds each element down to an integer. The gradient is 0 everywhere. Any shape.</summary>
    public Tensor Floor() => new UnaryOperation<FloorFunction>(this).Apply();

    /// <summary>
    /// Rounds each element to the nearest integer, ties to even. The gradient is 0 everywhere. Any shape.
    /// </summary>
    public Tensor Round() => new UnaryOperation<RoundFunction>(this).Apply();

    /// <summary>
    /// Computes the error function <c>2/√π ∫₀ˣ exp(-t²) dt</c> of each element, with an error of at most 2e-7. Any
    /// shape.
    /// </summary>
    public Tensor Erf() => new UnaryOperation<ErfFunction>(this).Apply();

    /// <summary>Computes <c>scale x + shift</c> for each element. Any shape.</summary>
    /// <param name="scale">Factor.</param>
    /// <param name="shift">Added to the product without intermediate rounding (fused multiply-add).</param>
    public Tensor Affine(float scale, float shift) =>
        new UnaryOperation<AffineFunction>(this, new(scale, shift)).Apply();

    /// <summary>Computes the hyperbolic tangent of each element, -1 to 1; NaN stays NaN. Any shape.</summary>
    public Tensor Tanh() => new UnaryOperation<TanhFunction>(this).Apply();

    /// <summary>Computes <c>1 / (1 + e⁻ˣ)</c> for each element, 0 to 1. Any shape.</summary>
    public Tensor Sigmoid() => new UnaryOperation<SigmoidFunction>(this).Apply();

    /// <summary>Computes max(x, 0) for each element; NaN stays NaN. The gradient at 0 is 0. Any shape.</summary>
    public Tensor Relu() => new UnaryOperation<ReluFunction>(this).Apply();

    /// <summary>Computes x where x is above 0, else <c>slope x</c>. Any shape.</summary>
    /// <param name="slope">Factor for negative elements [default: 0.01, as in PyTorch].</param>
    public Tensor LeakyRelu(float slope = 0.01f) => new UnaryOperation<LeakyReluFunction>(this, new(slope)).Apply();

    /// <summary>Computes <c>log(1 + eˣ)</c> for each element, without overflow. Any shape.</summary>
    public Tensor Softplus() => new UnaryOperation<SoftplusFunction>(this).Apply();

    /// <summary>
    /// Limits each element to [low, high]. The gradient passes where the element was within the limits, including the
    /// limits themselves. Any shape.
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

    /// <summary>Raises each element to a fixed power. Any shape.</summary>
    /// <param name="exponent">The exponent.</param>
    public Tensor Pow(float exponent) => new UnaryOperation<PowerFunction>(this, new(exponent)).Apply();
}
