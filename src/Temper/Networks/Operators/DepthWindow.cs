using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Movement of a window along the depth of a volume. Along height and width, the window moves as in a 2-D operator.
/// </summary>
/// <param name="Kernel">Number of kernel positions along the depth, 1 or more.</param>
/// <param name="Stride">Distance between windows, 1 or more.</param>
/// <param name="Before">Padding in front of the first slice, in slices.</param>
/// <param name="After">Padding after the last slice, in slices.</param>
/// <param name="Dilation">Distance between kernel positions, 1 or more.</param>
public readonly record struct DepthWindow(int Kernel, int Stride = 1, int Before = 0, int After = 0, int Dilation = 1)
{
    /// <summary>Depth covered by the window, including the gaps of dilation.</summary>
    internal int Span => ((Kernel - 1) * Dilation) + 1;

    /// <summary>Throws if the window, its steps or its padding are out of range.</summary>
    internal void Check(string node, bool isPooling = false)
    {
        long span = ((Kernel - 1L) * Dilation) + 1, pads = (long)Before + After;
        if (Math.Min(Kernel, Math.Min(Stride, Dilation)) < 1 || Math.Min(Before, After) < 0
            || Math.Max(span, pads) > int.MaxValue || (isPooling && Math.Max(Before, After) >= span))
        {
            throw new ArgumentException(
                $"{node}: the depth of the window is out of range (got {this}, expected kernel, stride and dilation of "
                + $"1 or more, padding of 0 or more{(isPooling ? " and less than the window" : "")})");
        }
    }

    /// <summary>Returns the number of window positions; 0 or less: the window does not fit.</summary>
    internal int OutputLength(int length, bool ceiling = false)
    {
        int outputs = WindowAttributes.OutputLength(length, (long)Before + After, Kernel, Stride, Dilation, ceiling);
        return ceiling && (outputs - 1L) * Stride >= (long)length + Before ? outputs - 1 : outputs;
    }

    internal static DepthWindow From(OperatorAttributes attributes) => attributes.Ints("depth") is
    [
        >= 1 and var kernel, >= 1 and var stride, >= 0 and var before, >= 0 and var after, >= 1 and var dilation,
    ]
        ? new DepthWindow(kernel, stride, before, after, dilation)
        : throw new FormatException(
            "attribute 'depth' is invalid (expected kernel, stride, padding before, padding after and dilation)");

    internal OperatorAttributes In(OperatorAttributes attributes) =>
        attributes.With("depth", new[] { Kernel, Stride, Before, After, Dilation });
}
