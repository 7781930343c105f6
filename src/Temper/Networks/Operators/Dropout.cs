using System.Globalization;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Dropout (JMLR 15, 2014). In training, sets random elements to zero and divides the others by (1 - rate); in
/// evaluation, returns the input.
/// </summary>
/// <param name="Rate">Probability that an element becomes zero, 0 or more and below 1.</param>
public sealed record Dropout(float Rate = 0.5f) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Dropout";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) => Rate is >= 0 and < 1
        ? inputs[0]
        : throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture,
            $"{node}: the dropout rate is out of range (got {Rate}, expected 0 or more and below 1)"));

    internal static Dropout From(OperatorAttributes attributes) =>
        attributes.Float("ratio", 0.5f) is var rate and >= 0 and < 1
        ? new Dropout(rate)
        : throw new FormatException(string.Create(
            CultureInfo.InvariantCulture,
            $"attribute 'ratio' is out of range (got {attributes.Float("ratio")}, expected 0 or more and below 1)"));

    internal override Tensor Forward(in NodeContext context) => context.Pass.Stream is { } stream
        ? context.X.Dropout(Rate, stream.Split(context.Node.Name))
        : context.X;

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("ratio", Rate);
}

public sealed partial class Value
{
    /// <summary>Adds dropout, which is active only in training.</summary>
    /// <param name="rate">Probability that an element becomes zero, 0 or more and below 1.</param>
    /// <param name="name">Name of the node. The node's random numbers depend on it.</param>
    public Value Dropout(float rate = 0.5f, string? name = null) => Apply(new Dropout(rate), name);
}
