using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Dropout (JMLR 15, 2014): in training, elements become zero at random and the others are scaled up; in evaluation,
/// the identity.
/// </summary>
/// <param name="Rate">Probability of zero, 0 to 1.</param>
public sealed record Dropout(float Rate = 0.5f) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Dropout";

    internal static Dropout From(OperatorAttributes attributes) =>
        attributes.Float("ratio", 0.5f) is var rate and >= 0 and < 1
        ? new Dropout(rate)
        : throw new FormatException(
            $"attribute 'ratio' does not fit (got {attributes.Float("ratio")}, expected 0 or more and less than 1)");

    internal override Tensor Forward(in NodeContext context) => context.Pass.Stream is { } stream
        ? context.X.Dropout(Rate, stream.Split(context.Node.Name))
        : context.X;

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("ratio", Rate);
}

public sealed partial class Value
{
    /// <summary>Adds dropout: active in training only.</summary>
    /// <param name="rate">Probability of zero, 0 to 1.</param>
    /// <param name="name">Name of the node; its random numbers go by it.</param>
    public Value Dropout(float rate = 0.5f, string? name = null) => Apply(new Dropout(rate), name);
}
