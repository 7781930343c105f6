using System.Globalization;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>ELU (arXiv:1511.07289): x where positive, else <c>alpha (exp(x) - 1)</c>.</summary>
/// <param name="Alpha">Alpha; for very negative x the result approaches -alpha.</param>
public sealed record Elu(float Alpha = 1) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Elu";

    internal static Elu From(OperatorAttributes attributes) => new(attributes.Float("alpha", 1));

    internal override Tensor Forward(in NodeContext context) => Of(context.X, 1, Alpha, rate: 1);

    /// <summary>Computes gain x where x is positive, else low (exp(rate x) - 1); the rate must be above 0.</summary>
    internal static Tensor Of(Tensor x, float gain, float low, float rate) =>
        new UnaryOperation<ExponentialLinearFunction>(x, new(gain, low, rate)).Apply();

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("alpha", Alpha);
}

/// <summary>CELU (arXiv:1704.07483): x where positive, else <c>alpha (exp(x / alpha) - 1)</c>.</summary>
/// <param name="Alpha">Alpha, not 0; for positive alpha and very negative x the result approaches -alpha.</param>
public sealed record Celu(float Alpha = 1) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Celu";

    internal static Celu From(OperatorAttributes attributes) => attributes.Float("alpha", 1) is var alpha and not 0
        ? new Celu(alpha)
        : throw new FormatException("attribute 'alpha' is out of range (got 0, expected a nonzero number)");

    internal override Tensor Forward(in NodeContext context) => Alpha > 0
        ? Elu.Of(context.X, 1, Alpha, 1 / Alpha)
        // With a negative alpha, the exponential grows for negative x.
        : context.X.Relu()
            + context.X.Clamp(float.NegativeInfinity, 0).Affine(1 / Alpha, 0).Exp().Affine(Alpha, -Alpha);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("alpha", Alpha);
}

/// <summary>
/// SELU (arXiv:1706.02515): <c>gamma</c> times an <see cref="Elu"/>, with constants that preserve mean 0 and variance
/// 1.
/// </summary>
public sealed record Selu : ElementwiseOperator
{
    /// <summary>Alpha of the <see cref="Elu"/>.</summary>
    public float Alpha { get; init; } = 1.67326319f;

    /// <summary>Factor applied to the result of the <see cref="Elu"/>.</summary>
    public float Gamma { get; init; } = 1.05070102f;

    /// <inheritdoc/>
    public override string Kind => "Selu";

    internal static Selu From(OperatorAttributes attributes) => new()
    {
        Alpha = attributes.Float("alpha", 1.67326319f),
        Gamma = attributes.Float("gamma", 1.05070102f),
    };

    internal override Tensor Forward(in NodeContext context) => Elu.Of(context.X, Gamma, Gamma * Alpha, rate: 1);

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("alpha", Alpha).With("gamma", Gamma);
}

/// <summary>Hard sigmoid: <c>max(0, min(1, alpha x + beta))</c>.</summary>
public sealed record HardSigmoid : ElementwiseOperator
{
    /// <summary>Slope. Default: 0.2.</summary>
    public float Alpha { get; init; } = 0.2f;

    /// <summary>Value at x = 0. Default: 0.5.</summary>
    public float Beta { get; init; } = 0.5f;

    /// <inheritdoc/>
    public override string Kind => "HardSigmoid";

    internal static HardSigmoid From(OperatorAttributes attributes) =>
        new() { Alpha = attributes.Float("alpha", 0.2f), Beta = attributes.Float("beta", 0.5f) };

    internal override Tensor Forward(in NodeContext context) => context.X.Affine(Alpha, Beta).Clamp(0, 1);

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("alpha", Alpha).With("beta", Beta);
}

/// <summary>GELU (arXiv:1606.08415): x times the standard normal distribution function at x.</summary>
/// <param name="IsApproximate">
/// True for the approximation <c>x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2</c>; false: exact.
/// </param>
public sealed record Gelu(bool IsApproximate = false) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Gelu";

    internal static Gelu From(OperatorAttributes attributes) => attributes.Text("approximate") switch
    {
        null or "none" => new Gelu(),
        "tanh" => new Gelu(IsApproximate: true),
        var other => throw new FormatException(
            $"attribute 'approximate' has an unknown value (got \"{other}\", expected \"none\" or \"tanh\")"),
    };

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X;
        Tensor probability = IsApproximate
            // (1 + tanh(a)) / 2 = sigmoid(2 a)
            ? ((x * x).Affine(0.044715f, 1) * x * (2 * MathF.Sqrt(2 / MathF.PI))).Sigmoid()
            : new UnaryOperation<NormalProbabilityFunction>(x).Apply();
        return x * probability;
    }

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("approximate", IsApproximate ? "tanh" : "none");
}

/// <summary>Clamps each value to a range.</summary>
/// <param name="Minimum">Smallest result.</param>
/// <param name="Maximum">Largest result.</param>
public sealed record Clip(float Minimum, float Maximum) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Clip";

    internal static Clip From(OperatorAttributes attributes)
    {
        float low = attributes.Float("min", float.NegativeInfinity),
            high = attributes.Float("max", float.PositiveInfinity);
        return low <= high
            ? new Clip(low, high)
            : throw new FormatException(string.Create(
                CultureInfo.InvariantCulture,
                $"attribute 'min' is greater than 'max' (got {low}, expected at most {high})"));
    }

    internal override Tensor Forward(in NodeContext context) => context.X.Clamp(Minimum, Maximum);

    /// <summary>Infinite bounds are omitted, since JSON has no infinity.</summary>
    private protected override OperatorAttributes Attributes()
    {
        OperatorAttributes attributes = OperatorAttributes.Empty;
        attributes = float.IsFinite(Minimum) ? attributes.With("min", Minimum) : attributes;
        return float.IsFinite(Maximum) ? attributes.With("max", Maximum) : attributes;
    }
}
