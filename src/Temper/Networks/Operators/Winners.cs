using System.Globalization;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Winners-take-all: of each sample the numbers of largest magnitude stay, or the channels of largest score; the rest
/// becomes zero. Training and evaluation do the same. Of equal ones the first by index win; NaN counts as largest.
/// </summary>
/// <param name="Count">
/// Winners of a sample, 1 to its numbers (channels). Beside a threshold: how many are expected to win.
/// </param>
/// <remarks>
/// DASNet (arXiv:1909.06964) and JPnet (arXiv:1906.07875). Nothing is scaled up, since evaluation leaves out the same.
/// </remarks>
public sealed record Winners(int Count) : Operator
{
    /// <summary>What competes.</summary>
    public WinnerUnit Unit { get; init; }

    /// <summary>How channels are scored.</summary>
    public ChannelScore Score { get; init; }

    /// <summary>Numbers or scores at or above it win, instead of a ranking; null: ranked.</summary>
    public float? Threshold { get; init; }

    /// <inheritdoc/>
    public override string Kind => "Winners";

    /// <summary>The number of winners that a rate means: <c>⌈rate n⌉</c>.</summary>
    /// <param name="rate">Part that wins, above 0 to 1.</param>
    /// <param name="competitors">How many compete, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is 0, above 1 or NaN, or nothing competes.</exception>
    public static int CountOf(double rate, int competitors)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(competitors, 1);
        return rate is > 0 and <= 1
            ? Math.Clamp((int)Math.Ceiling((rate * competitors) - 1e-9), 1, competitors)
            : throw new ArgumentOutOfRangeException(nameof(rate), string.Create(
                CultureInfo.InvariantCulture,
                $"Winners: the winner rate does not fit (got {rate}, expected above 0 to 1)"));
    }

    /// <summary>How many compete in a sample.</summary>
    /// <param name="input">Shape of the input, batch axis first.</param>
    /// <param name="unit">What competes.</param>
    /// <exception cref="ShapeMismatchException">
    /// There is no axis behind the batch, or channels are not those of an image.
    /// </exception>
    public static int Competitors(Shape input, WinnerUnit unit) => WinnersOperation.Competitors("Winners", input, unit);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int max = WinnersOperation.Competitors(node, inputs[0], Unit);
        if (Threshold is not (null or (>= 0 and < float.PositiveInfinity)))
        {
            throw new ArgumentException(
                $"{node}: the threshold of winners does not fit (got {Threshold}, expected 0 or more)");
        }

        return Count >= 1 && Count <= max
            ? inputs[0]
            : throw new ShapeMismatchException(node, inputs[0], $"a sample of which {Count} can win (1 to {max} "
                + $"{Unit.ToString().ToLowerInvariant()})");
    }

    internal static Winners From(OperatorAttributes attributes) => new(attributes.Int("count"))
    {
        Unit = attributes.Choice<WinnerUnit>("unit"),
        Score = attributes.Choice<ChannelScore>("score"),
        Threshold = attributes.Contains("threshold") ? attributes.Float("threshold") : null,
    };

    /// <summary>All numbers that compete keep their indices: one more or less would change who wins.</summary>
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
    /// Adds winners-take-all: the part <paramref name="rate"/> of each sample stays, the rest becomes zero.
    /// </summary>
    /// <param name="rate">Part that wins, above 0 to 1.</param>
    /// <param name="options">What competes and how; null: numbers by magnitude.</param>
    /// <param name="name">Name of the node.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is 0, above 1 or NaN.</exception>
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
