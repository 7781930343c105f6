using Temper.Tensors;

namespace Temper.Networks;

/// <summary>ReLU: <c>max(x, 0)</c>.</summary>
public sealed record Relu : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Relu";

    internal override Tensor Forward(in NodeContext context) => context.X.Relu();
}

public sealed partial class Value
{
    /// <summary>Adds a ReLU: <c>max(x, 0)</c>.</summary>
    /// <param name="name">Name of the node.</param>
    public Value Relu(string? name = null) => Apply(new Relu(), name);
}
