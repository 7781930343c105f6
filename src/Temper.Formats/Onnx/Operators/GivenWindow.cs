using Temper.Networks;

namespace Temper.Formats.Onnx;

/// <summary>The attributes of a node with a window: one number per spatial axis, and two pads.</summary>
/// <param name="Kernel">Lengths of the kernel.</param>
/// <param name="Strides">Strides, each 1 or more.</param>
/// <param name="Dilations">Dilations, each 1 or more.</param>
/// <param name="Pads">Pads before each axis, then behind each; zeros unless <c>auto_pad</c> is NOTSET.</param>
/// <param name="AutoPad">NOTSET, VALID, SAME_UPPER or SAME_LOWER.</param>
internal sealed record GivenWindow(int[] Kernel, int[] Strides, int[] Dilations, int[] Pads, string AutoPad)
{
    /// <summary>Maximum padding on one side, so that sums of lengths and paddings stay far from 2^31.</summary>
    private const int MaxPadding = 1 << 24;

    internal int Axes => Kernel.Length;

    /// <summary>Whether the output's size follows from the input's, and the pads from both.</summary>
    internal bool IsSame => AutoPad is "SAME_UPPER" or "SAME_LOWER";

    /// <summary>Reads and checks the attributes of a node whose first input is <paramref name="x"/>.</summary>
    internal static GivenWindow Of(NodeImport node, Value x, int[] kernel)
    {
        int axes = kernel.Length;
        if (axes is not (1 or 2 or 3))
        {
            throw node.Bad($"has {axes} spatial axes, which is not supported (expected 1 to 3)");
        }

        if (x.Shape.Rank != axes + 2)
        {
            throw node.Bad(
                $"the input has the wrong rank for the kernel (got {x.Shape}, expected batch, channels and {axes} "
                    + "axes)");
        }

        string auto = node.Text("auto_pad", "NOTSET");
        if (auto is not ("NOTSET" or "VALID" or "SAME_UPPER" or "SAME_LOWER"))
        {
            throw node.Bad($"attribute 'auto_pad' is invalid (got \"{auto}\", expected NOTSET, VALID, SAME_UPPER or "
                + "SAME_LOWER)");
        }

        int[] strides = node.Ints("strides") ?? [.. Enumerable.Repeat(1, axes)];
        int[] dilations = node.Ints("dilations") ?? [.. Enumerable.Repeat(1, axes)];
        int[] pads = node.Ints("pads") is { } given && auto is "NOTSET" ? given : new int[2 * axes];
        return strides.Length == axes && dilations.Length == axes && pads.Length == 2 * axes
            && !Array.Exists([.. kernel, .. strides, .. dilations], value => value < 1)
            && !Array.Exists(pads, pad => pad is < 0 or > MaxPadding)
            ? new GivenWindow(kernel, strides, dilations, pads, auto)
            : throw node.Bad("kernel, strides, dilations or pads are invalid (expected one number of 1 or more per "
                + $"spatial axis, two pads of 0 to {MaxPadding})");
    }

    /// <summary>
    /// Sets the pads of an axis from their sum; an odd padding element goes behind (SAME_UPPER) or before.
    /// </summary>
    internal void Pad(int axis, int total)
    {
        int half = total / 2;
        (Pads[axis], Pads[axis + Axes]) = AutoPad is "SAME_UPPER" ? (half, total - half) : (total - half, half);
    }
}
