using Temper.Kernels;
using Temper.Networks;

namespace Temper.Inference;

/// <summary>Order of a value's elements in memory between two steps.</summary>
internal enum LayoutKind
{
    /// <summary>The last axis varies fastest.</summary>
    RowMajor,

    /// <summary>The channels of a pixel are contiguous: N, H, W, C.</summary>
    ChannelsLast,

    /// <summary>
    /// One plane per channel, in which the same pixel of several images is contiguous, with a border of zeros. For
    /// sparse kernels.
    /// </summary>
    Planes,

    /// <summary>A tensor; for constants and for values that are not float32.</summary>
    Tensor,

    /// <summary>
    /// Channels-last bytes on the value's quantization grid, with the channels of a pixel padded to a multiple of four.
    /// </summary>
    Bytes,
}

/// <summary>Layout of a value.</summary>
/// <param name="Kind">Order of the elements.</param>
/// <param name="Border">Width of the zero border on each side of a plane, in pixels.</param>
/// <param name="IsCut">Whether images are cut into pieces if the batch is too small to fill a vector.</param>
internal readonly record struct ValueLayout(LayoutKind Kind, int Border = 0, bool IsCut = false)
{
    internal static ValueLayout RowMajor { get; } = new(LayoutKind.RowMajor);

    internal static ValueLayout ChannelsLast { get; } = new(LayoutKind.ChannelsLast);

    internal static ValueLayout Tensor { get; } = new(LayoutKind.Tensor);

    /// <summary>Bytes without a grid; <see cref="LayerGraph.LayoutFor"/> inserts the grid of the value.</summary>
    internal static ValueLayout Bytes { get; } = new(LayoutKind.Bytes);

    /// <summary>Quantization grid of the bytes.</summary>
    internal ByteGrid Grid { get; init; }

    /// <summary>
    /// Returns the shape of a value's planes in this layout. A value without pixels has one plane of one pixel per
    /// feature and needs no border.
    /// </summary>
    internal PlaneShape PlanesOf(in ValueInfo value) => value.Shape.Rank == 2
        ? new(value.Shape[1], 1, 1)
        : new(value.Shape[1], value.Shape[2], value.Shape[3])
        {
            Top = Border, Left = Border, Bottom = Border, Right = Border, IsCut = IsCut,
        };

    public override string ToString() => Kind switch
    {
        LayoutKind.RowMajor => "row-major",
        LayoutKind.ChannelsLast => "channels last",
        LayoutKind.Planes => IsCut ? "cut planes" : "planes",
        LayoutKind.Bytes => "bytes",
        _ => "tensor",
    };
}
