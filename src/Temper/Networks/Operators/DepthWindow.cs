using Temper.Tensors;

namespace Temper.Networks;

/// <summary>How a window moves along the depth of a volume; along height and width it moves as over an image.</summary>
/// <param name="Kernel">Kernel positions, one or more.</param>
/// <param name="Stride">Step between windows, one or more.</param>
/// <param name="Before">Slices added before the first.</param>
/// <param name="After">Slices added after the last.</param>
/// <param name="Dilation">Distance between kernel positions, one or more.</param>
public readonly record struct DepthWindow(int Kernel, int Stride = 1, int Before = 0, int After = 0, int Dilation = 1)
{
    /// <summary>Kernel positions and the slices between them.</summary>
    internal int Span => ((Kernel - 1) * Dilation) + 1;

    /// <summary>How many positions it takes; zero or less: it does not fit.</summary>
    internal int OutputLength(int length, bool ceiling = false)
    {
        int outputs = WindowAttributes.OutputLength(length, Before + After, Kernel, Stride, Dilation, ceiling);
        return ceiling && (outputs - 1) * Stride >= length + Before ? outputs - 1 : outputs;
    }

    internal static DepthWindow From(OperatorAttributes attributes) => attributes.Ints("depth") is
    [
        >= 1 and var kernel, >= 1 and var stride, >= 0 and var before, >= 0 and var after, >= 1 and var dilation,
    ]
        ? new DepthWindow(kernel, stride, before, after, dilation)
        : throw new FormatException(
            "attribute 'depth' does not fit (expected kernel, stride, places before and behind, dilation)");

    internal OperatorAttributes In(OperatorAttributes attributes) =>
        attributes.With("depth", new[] { Kernel, Stride, Before, After, Dilation });
}
