namespace Temper.Tensors;

/// <summary>
/// How a two-dimensional convolution moves over its input. Defaults: stride 1, no padding, one group.
/// </summary>
public sealed record Conv2dOptions
{
    /// <summary>Stride 1, no padding, no dilation, one group.</summary>
    public static Conv2dOptions Default { get; } = new();

    /// <summary>Step between outputs, in pixels, one or more.</summary>
    public (int Height, int Width) Stride { get; init; } = (1, 1);

    /// <summary>Zeros added around the input, in pixels, zero or more.</summary>
    public Padding2d Padding { get; init; }

    /// <summary>Distance between kernel positions, in pixels, one or more.</summary>
    public (int Height, int Width) Dilation { get; init; } = (1, 1);

    /// <summary>Number of groups, as in PyTorch; divides input and output channels.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>
    /// For the transposed convolution: pixels added at the bottom and right of the output, less than the stride.
    /// </summary>
    public (int Height, int Width) OutputPadding { get; init; }

    /// <summary>Options with the same stride and padding in both directions.</summary>
    /// <param name="stride">Step between outputs, in pixels.</param>
    /// <param name="padding">Zeros on each side, in pixels.</param>
    /// <param name="groups">Groups of channels.</param>
    /// <param name="dilation">Distance between kernel positions, in pixels.</param>
    public static Conv2dOptions Of(int stride = 1, int padding = 0, int groups = 1, int dilation = 1) => new()
    {
        Stride = (stride, stride),
        Padding = Padding2d.All(padding),
        Groups = groups,
        Dilation = (dilation, dilation),
    };
}

/// <summary>Pixels added on the four sides of an image.</summary>
/// <param name="Top">Rows above.</param>
/// <param name="Left">Columns to the left.</param>
/// <param name="Bottom">Rows below.</param>
/// <param name="Right">Columns to the right.</param>
public readonly record struct Padding2d(int Top, int Left, int Bottom, int Right)
{
    /// <summary>The same number of pixels on all four sides.</summary>
    public static Padding2d All(int pixels) => new(pixels, pixels, pixels, pixels);

    internal bool IsNegative => Math.Min(Math.Min(Top, Left), Math.Min(Bottom, Right)) < 0;
}

/// <summary>How a pooling window moves over its input.</summary>
public sealed record Pool2dOptions
{
    /// <summary>Size of the window, in pixels.</summary>
    public required (int Height, int Width) Kernel { get; init; }

    /// <summary>Step between windows; null: the window's size.</summary>
    public (int Height, int Width)? Stride { get; init; }

    /// <summary>Pixels added around the input, at most half the window.</summary>
    public Padding2d Padding { get; init; }

    /// <summary>Distance between the window's kernel positions (maximum pooling only).</summary>
    public (int Height, int Width) Dilation { get; init; } = (1, 1);

    /// <summary>Whether a last window that is only partly inside counts (ONNX <c>ceil_mode</c>).</summary>
    public bool CeilingMode { get; init; }

    /// <summary>
    /// Whether padding counts as zeros in an average (PyTorch's default); else only real pixels count.
    /// </summary>
    public bool CountsPadding { get; init; } = true;

    /// <summary>A square window.</summary>
    /// <param name="kernel">Side of the window, in pixels.</param>
    /// <param name="stride">Step between windows; 0: the window's size.</param>
    /// <param name="padding">Pixels added on each side.</param>
    public static Pool2dOptions Of(int kernel, int stride = 0, int padding = 0) => new()
    {
        Kernel = (kernel, kernel),
        Stride = stride == 0 ? null : (stride, stride),
        Padding = Padding2d.All(padding),
    };
}
