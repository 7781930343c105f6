using System.Globalization;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Winners-take-all: in each sample keeps the elements of largest magnitude, or the channels of largest score, and sets
/// the rest to zero, in training and in evaluation. Ties go to the lowest index; NaN counts as the largest value.
/// </summary>
/// <param name="Count">
/// Number of winners per sample, 1 to the number of elements (or channels). With a threshold: the expected number.
/// </param>
/// <remarks>
/// From DASNet (arXiv:1909.06964) and JPnet (arXiv:1906.07875). Unlike dropout, values are not scaled up, because
/// evaluation drops the same ones.
/// </remarks>
public sealed record Winners(int Count) : Operator
{
    /// <summary>Whether elements or channels compete.</summary>
    public WinnerUnit Unit { get; init; }

    /// <summary>Score of a channel.</summary>
    public ChannelScore Score { get; init; }

    /// <summary>
    /// If set, elements or channels whose magnitude or score is at least this value win. Null: the largest win.
    /// </summary>
    public float? Threshold { get; init; }

    /// <inheritdoc/>
    public override string Kind => "Winners";

    /// <summary>Computes the number of winners for a rate: <c>⌈rate n⌉</c>.</summary>
    /// <param name="rate">Fraction of the competitors that win, above 0 up to 1.</param>
    /// <param name="competitors">Number of competitors n, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The rate is 0, negative, above 1 or NaN, or there are no competitors.
    /// </exception>
    public static int CountOf(double rate, int competitors)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(competitors, 1);
        return rate is > 0 and <= 1
            ? Math.Clamp((int)Math.Ceiling((rate * competitors) - 1e-9), 1, competitors)
            : throw new ArgumentOutOfRangeException(nameof(rate), string.Create(
                CultureInfo.InvariantCulture,
                $"Winners: the winner rate is out of range (got {rate}, expected above 0 up to 1)"));
    }

    /// <summary>Returns the number of competitors in a sample.</summary>
    /// <param name="input">Shape of the input, batch axis first.</param>
    /// <param name="unit">Whether elements or channels compete.</param>
    /// <exception cref="ShapeMismatchException">
    /// The input has no axis after the batch axis, or channels compete and the input is not an image batch.
    /// </exception>
    public static int Competitors(Shape input, WinnerUnit unit) => WinnersOperation.Competitors("Winners", input, unit);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int max = WinnersOperation.Competitors(node, inputs[0], Unit);
        if (Threshold is not (null or (>= 0 and < float.PositiveInfinity)))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"{node}: the threshold of winners is out of range (got {Threshold}, expected finite and 0 or more)"));
        }

        if (Count < 1)
        {
            throw new ArgumentException(
                $"{node}: the number of winners is out of range (got {Count}, expected 1 or more)");
        }

        return Count <= max
            ? inputs[0]
            : throw new ShapeMismatchException(node, inputs[0], $"a sample with at least {Count} competitors (it has "
                + $"{max} {Unit.ToString().ToLowerInvariant()})");
    }

    internal static Winners From(OperatorAttributes attributes) => new(attributes.Int("count"))
    {
        Unit = attributes.Choice<WinnerUnit>("unit"),
        Score = attributes.Choice<ChannelScore>("score"),
        Threshold = attributes.Contains("threshold") ? attributes.Float("threshold") : null,
    };

    /// <summary>Where elements compete, no channel may be removed: other elements would win.</summary>
    internal override AxisChannels[] TraceChannels(ChannelTrace trace) =>
        Unit == WinnerUnit.Channels ? trace.Keep(1) : trace.Keep([.. Enumerable.Range(1, trace.Output.Rank - 1)]);

    internal override Tensor Forward(in NodeContext context) =>
        context.X.Winners(Count, new WinnerOptions { Unit = Unit, Score = Score, Threshold = Threshold });

    private protected override OperatorAttributes Attributes()
    {
        OperatorAttributes attributes =
            OperatorAttributes.Empty.With("count", Count).With("unit", Unit.ToString()).With("score", Score.ToString());
        return Threshold is { } threshold ? attributes.With("threshold", threshold) : attributes;
    }
}

public sealed partial class Value
{
    /// <summary>
    /// Adds winners-take-all: keeps the fraction <paramref name="rate"/> of each sample and sets the rest to zero.
    /// </summary>
    /// <param name="rate">Fraction that wins, above 0 up to 1.</param>
    /// <param name="options">Competing unit, score and threshold; null: elements by magnitude.</param>
    /// <param name="name">Name of the node.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is 0, negative, above 1 or NaN.</exception>
    public Value Winners(double rate, WinnerOptions? options = null, string? name = null)
    {
        options ??= new WinnerOptions();
        return Apply(
            new Winners(Networks.Winners.CountOf(rate, Networks.Winners.Competitors(Shape, options.Unit)))
            {
                Unit = options.Unit, Score = options.Score, Threshold = options.Threshold,
            },
            name);
    }
}
