namespace Temper.Tensors;

/// <summary>Options of a 2-D convolution. Defaults: stride 1, no padding, no dilation, one group.</summary>
public sealed record Conv2dOptions
{
    /// <summary>Stride 1, no padding, no dilation, one group.</summary>
    public static Conv2dOptions Default { get; } = new();

    /// <summary>Stride (vertical, horizontal), in pixels; 1 or more.</summary>
    public (int Height, int Width) Stride { get; init; } = (1, 1);

    /// <summary>Zero padding around the input, in pixels; 0 or more.</summary>
    public Padding2d Padding { get; init; }

    /// <summary>Dilation (vertical, horizontal): distance between kernel elements, in pixels; 1 or more.</summary>
    public (int Height, int Width) Dilation { get; init; } = (1, 1);

    /// <summary>Number of groups, as in PyTorch; a divisor of both the input and the output channels.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>
    /// Only for the transposed convolution: pixels added at the bottom and right of the output; 0 or more, less than
    /// the stride.
    /// </summary>
    public (int Height, int Width) OutputPadding { get; init; }

    /// <summary>Creates options with equal values in both directions.</summary>
    /// <param name="stride">Stride, in pixels.</param>
    /// <param name="padding">Zero padding on each side, in pixels.</param>
    /// <param name="groups">Number of channel groups.</param>
    /// <param name="dilation">Distance between kernel elements, in pixels.</param>
    public static Conv2dOptions Of(int stride = 1, int padding = 0, int groups = 1, int dilation = 1) => new()
    {
        Stride = (stride, stride),
        Padding = Padding2d.All(padding),
        Groups = groups,
        Dilation = (dilation, dilation),
    };
}

/// <summary>Padding on the four sides of an image, in pixels.</summary>
/// <param name="Top">Rows added above.</param>
/// <param name="Left">Columns added at the left.</param>
/// <param name="Bottom">Rows added below.</param>
/// <param name="Right">Columns added at the right.</param>
public readonly record struct Padding2d(int Top, int Left, int Bottom, int Right)
{
    /// <summary>Creates equal padding on all four sides.</summary>
    public static Padding2d All(int pixels) => new(pixels, pixels, pixels, pixels);

    internal bool IsNegative => Math.Min(Math.Min(Top, Left), Math.Min(Bottom, Right)) < 0;
}

/// <summary>Options of 2-D pooling.</summary>
public sealed record Pool2dOptions
{
    /// <summary>Window size (height, width), in pixels.</summary>
    public required (int Height, int Width) Kernel { get; init; }

    /// <summary>Stride (vertical, horizontal), in pixels; null: the window size.</summary>
    public (int Height, int Width)? Stride { get; init; }

    /// <summary>Padding around the input, in pixels; 0 or more, less than the (dilated) window.</summary>
    public Padding2d Padding { get; init; }

    /// <summary>
    /// Dilation (vertical, horizontal): distance between window elements, in pixels; 1 or more. Maximum pooling only.
    /// </summary>
    public (int Height, int Width) Dilation { get; init; } = (1, 1);

    /// <summary>
    /// Whether the output size is rounded up instead of down, so that a last window only partly inside the input is
    /// included (ONNX <c>ceil_mode</c>).
    /// </summary>
    public bool CeilingMode { get; init; }

    /// <summary>
    /// Whether padding counts as zeros in an average [default: true, as in PyTorch]; false: only input pixels count.
    /// </summary>
    public bool CountsPadding { get; init; } = true;

    /// <summary>Creates options with a square window.</summary>
    /// <param name="kernel">Side of the window, in pixels.</param>
    /// <param name="stride">Stride, in pixels; 0: the window size.</param>
    /// <param name="padding">Padding on each side, in pixels.</param>
    public static Pool2dOptions Of(int kernel, int stride = 0, int padding = 0) => new()
    {
        Kernel = (kernel, kernel),
        Stride = stride == 0 ? null : (stride, stride),
        Padding = Padding2d.All(padding),
    };
}
