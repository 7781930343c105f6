namespace Temper.Kernels;

/// <summary>
/// Pooling windows along one axis: their start and end within the input, and the divisor of their average.
/// </summary>
internal sealed class PoolingAxis
{
    private PoolingAxis(int inputs, int outputs, int step)
    {
        (Inputs, Outputs, Step) = (inputs, outputs, step);
        Starts = new int[outputs];
        Ends = new int[outputs];
        Sizes = new int[outputs];
    }

    /// <summary>Length of the input.</summary>
    internal int Inputs { get; }

    /// <summary>Number of windows.</summary>
    internal int Outputs { get; }

    /// <summary>Distance between neighboring kernel positions.</summary>
    internal int Step { get; }

    /// <summary>First kernel position of each window that is inside the input.</summary>
    internal int[] Starts { get; }

    /// <summary>End (exclusive) of each window's kernel positions that are inside the input.</summary>
    internal int[] Ends { get; }

    /// <summary>Number of kernel positions by which the average of each window is divided.</summary>
    internal int[] Sizes { get; }

    /// <summary>Whether no two windows overlap.</summary>
    internal bool IsDisjoint
    {
        get
        {
            for (int o = 1; o < Outputs; o++)
            {
                if (Starts[o] < Ends[o - 1])
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Creates windows of equal size at a fixed stride.</summary>
    /// <param name="inputs">Length of the input.</param>
    /// <param name="kernel">Number of kernel positions per window.</param>
    /// <param name="stride">Distance between neighboring windows.</param>
    /// <param name="padding">Elements of padding before and after the input.</param>
    /// <param name="dilation">Distance between neighboring kernel positions.</param>
    /// <param name="ceiling">Whether a last window that is partly outside is kept, if it starts inside.</param>
    /// <param name="countsPadding">Whether kernel positions in the padding count in the divisor of an average.</param>
    internal static PoolingAxis Sliding(
        int inputs, int kernel, int stride, (int Before, int After) padding, int dilation, bool ceiling,
        bool countsPadding)
    {
        long span = ((kernel - 1L) * dilation) + 1;
        long rest = (long)inputs + padding.Before + padding.After - span;
        int outputs = rest < 0 ? 0 : checked((int)((rest + (ceiling ? stride - 1 : 0)) / stride) + 1);
        if (ceiling && outputs > 0 && (outputs - 1L) * stride >= (long)inputs + padding.Before)
        {
            // A window that starts in the padding after the input is dropped.
            outputs--;
        }

        var axis = new PoolingAxis(inputs, outputs, dilation);
        for (int o = 0; o < outputs; o++)
        {
            int first = (o * stride) - padding.Before;
            int end = (int)Math.Min(first + span, (long)inputs + padding.After);
            int start = first >= 0 ? first : first + ((-first + dilation - 1) / dilation * dilation);
            axis.Starts[o] = start;
            axis.Ends[o] = Math.Min(end, inputs);
            axis.Sizes[o] = countsPadding ? Positions(first, end, dilation) : Positions(start, axis.Ends[o], dilation);
        }

        return axis;
    }

    /// <summary>Creates windows that divide the input evenly, like PyTorch's adaptive pooling.</summary>
    internal static PoolingAxis Adaptive(int inputs, int outputs)
    {
        var axis = new PoolingAxis(inputs, outputs, step: 1);
        for (int o = 0; o < outputs; o++)
        {
            axis.Starts[o] = (int)((long)o * inputs / outputs);
            axis.Ends[o] = (int)((((long)(o + 1) * inputs) + outputs - 1) / outputs);
            axis.Sizes[o] = axis.Ends[o] - axis.Starts[o];
        }

        return axis;
    }

    private static int Positions(int start, int end, int step) => end <= start ? 0 : ((end - start - 1) / step) + 1;
}
