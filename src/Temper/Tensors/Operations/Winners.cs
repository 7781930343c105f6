using System.Globalization;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Units among which winners-take-all selects the winners.</summary>
public enum WinnerUnit
{
    /// <summary>Single elements of a sample, ranked by magnitude.</summary>
    Elements,

    /// <summary>Channels of an image, ranked by <see cref="ChannelScore"/>.</summary>
    Channels,
}

/// <summary>Scores by which channels are ranked.</summary>
public enum ChannelScore
{
    /// <summary>Mean magnitude of the pixels.</summary>
    Mean,

    /// <summary>Largest magnitude of the pixels.</summary>
    Max,

    /// <summary>L2 norm of the pixels.</summary>
    L2,
}

/// <summary>Options of winners-take-all (arXiv:1909.06964, arXiv:1906.07875).</summary>
public sealed record WinnerOptions
{
    /// <summary>Units that are selected [default: elements].</summary>
    public WinnerUnit Unit { get; init; }

    /// <summary>Score of a channel [default: mean]; only for channels.</summary>
    public ChannelScore Score { get; init; }

    /// <summary>
    /// Elements or channels win if their magnitude or score is at or above this value, 0 or more; null: a fixed number
    /// of winners is selected.
    /// </summary>
    public float? Threshold { get; init; }
}

public sealed partial class Tensor
{
    /// <summary>
    /// Keeps the winners of each sample and sets all other elements to zero. The winners are the
    /// <paramref name="count"/> elements of largest magnitude or channels of largest score. Among equals the one with
    /// the lower index wins; NaN counts as the largest value. The gradient flows through the winners only.
    /// </summary>
    /// <param name="count">
    /// Number of winners per sample, from 1 to the number of elements or channels; ignored if there is a threshold.
    /// </param>
    /// <param name="options">Units, score and threshold; null: elements by magnitude.</param>
    /// <returns>A tensor of the same shape: <c>[N, ...]</c>, or <c>[N, C, H, W]</c> for channels.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The count is out of range, or the threshold is negative or not finite.
    /// </exception>
    /// <exception cref="ShapeMismatchException">
    /// The tensor has no axis besides the batch, or channels are selected in a tensor that is not <c>[N, C, H, W]</c>.
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

    /// <summary>
    /// Number of elements or channels per sample of a given shape. Throws if the shape does not fit the unit.
    /// </summary>
    internal static int Competitors(string name, Shape shape, WinnerUnit unit) => unit == WinnerUnit.Channels
        ? shape.Rank == 4
            ? shape[1]
            : throw new ShapeMismatchException(name, shape, "an image [N, C, H, W] if channels are selected")
        : shape.Rank >= 2
            ? shape.CountOf(1, shape.Rank)
            : throw new ShapeMismatchException(name, shape, "samples [N, ...] with an axis after the batch");

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

    /// <summary>
    /// Number of channels stored next to each other. Ties are broken by row-major index, regardless of the layout.
    /// </summary>
    private static int SideBySide(Tensor source) => source.Layout == Layout.ChannelsLast ? source.Shape[1] : 1;

    private void Check()
    {
        int max = Competitors(Name, x.Shape, options.Unit);
        if (options.Threshold is { } threshold)
        {
            _ = threshold is >= 0 and < float.PositiveInfinity ? 0 : throw new ArgumentOutOfRangeException(
                nameof(options), string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Name}: threshold is out of range (got {threshold}, expected 0 or more)"));
        }
        else if (x.Count > 0 && (count < 1 || count > max))
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), $"{Name}: count is out of range (got {count}, expected 1 to {max} for shape {x.Shape})");
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

    /// <summary>Computes flags <c>[N, C]</c>: 1 for channels that win, else 0.</summary>
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
