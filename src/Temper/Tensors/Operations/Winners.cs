using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>What competes in winners-take-all.</summary>
public enum WinnerUnit
{
    /// <summary>The numbers of a sample, by magnitude.</summary>
    Elements,

    /// <summary>The channels of an image, by score.</summary>
    Channels,
}

/// <summary>The score of a channel.</summary>
public enum ChannelScore
{
    /// <summary>Mean magnitude of its pixels.</summary>
    Mean,

    /// <summary>Largest magnitude of its pixels.</summary>
    Max,

    /// <summary>Square root of the sum of squares of its pixels.</summary>
    L2,
}

/// <summary>Which numbers of a sample stay in winners-take-all (arXiv:1909.06964, arXiv:1906.07875).</summary>
public sealed record WinnerOptions
{
    /// <summary>What competes.</summary>
    public WinnerUnit Unit { get; init; }

    /// <summary>How channels are scored.</summary>
    public ChannelScore Score { get; init; }

    /// <summary>
    /// Numbers or scores at or above it win, however many they are; null: the largest win, as many as were asked for.
    /// </summary>
    public float? Threshold { get; init; }
}

public sealed partial class Tensor
{
    /// <summary>
    /// Keeps the winners of each sample and sets the rest to zero: the <paramref name="count"/> numbers of largest
    /// magnitude, or the channels of largest score. Of equal ones the first by index win; NaN counts as largest. The
    /// gradient flows through winners only.
    /// </summary>
    /// <param name="count">
    /// Winners of a sample, 1 to its numbers (channels); not read where there is a threshold.
    /// </param>
    /// <param name="options">What competes and how; null: numbers by magnitude.</param>
    /// <returns>The same shape: <c>[N, ...]</c>, for channels <c>[N, C, H, W]</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The count is below 1 or above what competes, or the threshold is negative or not finite.
    /// </exception>
    /// <exception cref="ShapeMismatchException">
    /// There is no axis behind the batch, or channels are not those of an image.
    /// </exception>
    public Tensor Winners(int count, WinnerOptions? options = null) =>
        new WinnersOperation(this, count, options ?? new WinnerOptions()).Apply();
}

internal sealed class WinnersOperation(Tensor x, int count, WinnerOptions options) : Operation(x)
{
    private WinnerLimit[] _limits = [];
    private Tensor? _flags;

    internal override string Name => "Winners";

    private bool HasChannels => options.Unit == WinnerUnit.Channels;

    /// <summary>How many compete in a sample of a shape; an error where nothing can.</summary>
    internal static int Competitors(string name, Shape shape, WinnerUnit unit) => unit == WinnerUnit.Channels
        ? shape.Rank == 4
            ? shape[1]
            : throw new ShapeMismatchException(name, shape, "an image [N, C, H, W] whose channels compete")
        : shape.Rank >= 2
            ? shape.CountOf(1, shape.Rank)
            : throw new ShapeMismatchException(name, shape, "samples [N, ...] with an axis behind the batch");

    protected override Tensor Forward()
    {
        Check();
        Tensor source = HasChannels ? x.InLayout(Layout.ChannelsLast) : x;
        Tensor y = Tensor.Allocate(x.Shape, source.Layout);
        if (x.Count == 0)
        {
            return y;
        }

        if (HasChannels)
        {
            _flags = Flags(source);
            WinnerRows.KeepChannels(_flags.Physical(), source.Physical(), y.Writable(), x.Shape[0]);
        }
        else
        {
            _limits = Limits(source.Physical());
            WinnerRows.Keep(source.Physical(), source.Physical(), y.Writable(), _limits, SideBySide(source));
        }

        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape, output.Layout);
        if (x.Count > 0 && HasChannels)
        {
            WinnerRows.KeepChannels(
                _flags!.Physical(), gradient.InLayout(output.Layout).Physical(), dx.Writable(), x.Shape[0]);
        }
        else if (x.Count > 0)
        {
            WinnerRows.Keep(
                x.Physical(), gradient.InLayout(x.Layout).Physical(), dx.Writable(), _limits, SideBySide(x));
        }

        inputs.Add(0, dx);
    }

    /// <summary>Ties go by the index of a row-major tensor, whatever the order in memory is.</summary>
    private static int SideBySide(Tensor source) => source.Layout == Layout.ChannelsLast ? source.Shape[1] : 1;

    private void Check()
    {
        int max = Competitors(Name, x.Shape, options.Unit);
        if (options.Threshold is { } threshold)
        {
            _ = threshold is >= 0 and < float.PositiveInfinity ? 0 : throw new ArgumentOutOfRangeException(
                nameof(options), $"{Name}: the threshold does not fit (got {threshold}, expected 0 or more)");
        }
        else if (x.Count > 0 && (count < 1 || count > max))
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), $"{Name}: not that many can win (got {count}, expected 1 to {max} for shape {x.Shape})");
        }
    }

    private WinnerLimit[] Limits(ReadOnlySpan<float> ranked)
    {
        var limits = new WinnerLimit[x.Shape[0]];
        if (options.Threshold is { } threshold)
        {
            Array.Fill(limits, WinnerSelection.Limit(threshold));
        }
        else
        {
            WinnerRows.Limits(ranked, limits, count);
        }

        return limits;
    }

    /// <summary>1 for channels that win, <c>[N, C]</c>.</summary>
    private Tensor Flags(Tensor source)
    {
        (int samples, int channels) = (x.Shape[0], x.Shape[1]);
        Tensor scores = Tensor.Allocate([samples, channels]), flags = Tensor.Allocate([samples, channels]);
        WinnerRows.Scores(source.Physical(), scores.Writable(), (samples, channels), (ChannelSum)options.Score);
        flags.Writable().Fill(1);
        WinnerRows.Keep(scores.Physical(), flags.Physical(), flags.Writable(), Limits(scores.Physical()), 1);
        return flags;
    }
}
