using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Channel tracing of reshapes: consecutive axes with the same number of elements before and after are merged into one
/// axis and split again.
/// </summary>
internal static class ReshapeChannels
{
    internal static AxisChannels[] Trace(ChannelTrace trace)
    {
        (Shape from, Shape to) = (trace.Shapes[0], trace.Output);
        if (from.Count == 0)
        {
            return trace.Opaque();
        }

        AxisChannels[] axes = trace.Input(0);
        var result = new AxisChannels[to.Rank];
        int i = 0, j = 0;
        while (i < from.Rank || j < to.Rank)
        {
            (int firstFrom, int firstTo) = (i, j);
            NextBlock(from, to, ref i, ref j);
            AxisChannels[] split = i - firstFrom == 1 && j - firstTo == 1
                ? [axes[firstFrom]]
                : trace.Split(
                    trace.Merge(axes.AsSpan(firstFrom..i), from.AsSpan()[firstFrom..i]), to.AsSpan()[firstTo..j]);
            split.CopyTo(result, firstTo);
        }

        return result;
    }

    /// <summary>
    /// Finds the shortest runs of axes, starting at the given ones, with the same number of elements. Trailing axes of
    /// length 1 are added to the last run.
    /// </summary>
    private static void NextBlock(Shape from, Shape to, ref int i, ref int j)
    {
        long left = i < from.Rank ? from[i++] : 1, right = j < to.Rank ? to[j++] : 1;
        while (left != right)
        {
            if (left < right)
            {
                left *= from[i++];
            }
            else
            {
                right *= to[j++];
            }
        }

        while ((j == to.Rank) != (i == from.Rank))
        {
            _ = i < from.Rank ? i++ : j++;
        }
    }
}
