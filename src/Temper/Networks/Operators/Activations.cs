using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Leaky ReLU: <c>x</c> where positive, else <c>slope x</c>.</summary>
/// <param name="Slope">Slope for negative inputs.</param>
public sealed record LeakyRelu(float Slope = 0.01f) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "LeakyRelu";

    internal static LeakyRelu From(OperatorAttributes attributes) => new(attributes.Float("alpha", 0.01f));

    internal override Tensor Forward(in NodeContext context) => context.X.LeakyRelu(Slope);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("alpha", Slope);
}

/// <summary>Hyperbolic tangent.</summary>
public sealed record Tanh : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Tanh";

    internal override Tensor Forward(in NodeContext context) => context.X.Tanh();
}

/// <summary>Logistic sigmoid: <c>1 / (1 + exp(-x))</c>.</summary>
public sealed record Sigmoid : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Sigmoid";

    internal override Tensor Forward(in NodeContext context) => context.X.Sigmoid();
}

/// <summary>Softplus: <c>log(1 + exp(x))</c>.</summary>
public sealed record Softplus : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Softplus";

    internal override Tensor Forward(in NodeContext context) => context.X.Softplus();
}

public sealed partial class Value
{
    /// <summary>Adds a leaky ReLU.</summary>
    /// <param name="slope">Slope for negative inputs.</param>
    /// <param name="name">Name of the node.</param>
    public Value LeakyRelu(float slope = 0.01f, string? name = null) => Apply(new LeakyRelu(slope), name);

    /// <summary>Adds the hyperbolic tangent.</summary>
    /// <param name="name">Name of the node.</param>
    public Value Tanh(string? name = null) => Apply(new Tanh(), name);

    /// <summary>Adds the logistic sigmoid.</summary>
    /// <param name="name">Name of the node.</param>
    public Value Sigmoid(string? name = null) => Apply(new Sigmoid(), name);

    /// <summary>Adds softplus: <c>log(1 + exp(x))</c>.</summary>
    /// <param name="name">Name of the node.</param>
    public Value Softplus(string? name = null) => Apply(new Softplus(), name);
}
