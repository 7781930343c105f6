namespace Temper.Networks;

/// <summary>Channel tracing of 2-D and 3-D convolutions, plain and transposed.</summary>
internal static class ConvolutionChannels
{
    /// <summary>
    /// Returns the axes of the result <c>[N, O, ...]</c>. The weight is <c>[O, C / groups, ...]</c>, or
    /// <c>[C, O / groups, ...]</c> if transposed.
    /// </summary>
    internal static AxisChannels[] Trace(ChannelTrace trace, int channels, int groups, bool hasBias, bool isTransposed)
    {
        int inputs = trace.Shapes[0][1];
        AxisChannels[] axes = trace.Keep([.. Enumerable.Range(2, trace.Output.Rank - 2)]);
        AxisChannels x = axes[1], y;
        (int outputAxis, int inputAxis) = isTransposed ? (1, 0) : (0, 1);
        if (groups > 1 && groups == inputs)
        {
            // Depthwise: a channel is removed together with its group.
            y = Repeated(trace, x, channels / inputs);
            trace.Parameter(0, 0, isTransposed ? x : y);
        }
        else
        {
            AxisChannels group = trace.Make(channels / groups);
            y = Tiled(group, groups);
            AxisChannels inGroup = TieGroups(trace, x, groups);
            trace.Parameter(0, outputAxis, isTransposed ? group : y);
            trace.Parameter(0, inputAxis, isTransposed ? x : inGroup);
        }

        if (hasBias)
        {
            trace.Parameter(1, 0, y);
        }

        axes[1] = y;
        return axes;
    }

    /// <summary>
    /// Returns the number of groups after an edit; a depthwise convolution has one per remaining channel.
    /// </summary>
    internal static int Groups(int groups, ChannelChange change) =>
        groups > 1 && groups == change.Before[0][1] ? change.After[0][1] : groups;

    private static AxisChannels Repeated(ChannelTrace trace, AxisChannels x, int times) =>
        x.Units is null
            ? trace.Fixed
            : new AxisChannels([.. x.Units.SelectMany(unit => Enumerable.Repeat(unit, times))], "");

    private static AxisChannels Tiled(AxisChannels group, int times) =>
        new([.. Enumerable.Repeat(group.Units!, times).SelectMany(units => units)], "");

    /// <summary>
    /// All groups must keep the same number of channels, so the channels at the same index of every group are tied.
    /// </summary>
    private static AxisChannels TieGroups(ChannelTrace trace, AxisChannels x, int groups)
    {
        if (x.Units is null)
        {
            return x;
        }

        int length = x.Units.Length / groups;
        var first = new AxisChannels(x.Units[..length], "");
        for (int group = 1; group < groups; group++)
        {
            trace.Tie(first, new AxisChannels(x.Units[(group * length)..((group + 1) * length)], ""));
        }

        return first;
    }
}
