using Temper.Kernels;
using Temper.Networks;

namespace Temper.Inference;

/// <summary>In which order a value lies in memory between two steps.</summary>
internal enum LayoutKind
{
    /// <summary>The last axis varies fastest.</summary>
    RowMajor,

    /// <summary>Pixels one after the other, a pixel's channels together: N, H, W, C.</summary>
    ChannelsLast,

    /// <summary>
    /// Plane by plane of a channel, the same pixel of several images side by side, with a border of zeros: for sparse
    /// kernels.
    /// </summary>
    Planes,

    /// <summary>A tensor, for values that are not float32, and constants.</summary>
    Tensor,

    /// <summary>
    /// Pixels one after the other as bytes of the value's grid, a pixel's channels filled up to groups of four.
    /// </summary>
    Bytes,
}

/// <summary>A layout.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Border">Zeros on each side of a plane, in pixels.</param>
/// <param name="IsCut">Whether images that do not fill a vector are cut into pieces.</param>
internal readonly record struct ValueLayout(LayoutKind Kind, int Border = 0, bool IsCut = false)
{
    internal static ValueLayout RowMajor { get; } = new(LayoutKind.RowMajor);

    internal static ValueLayout ChannelsLast { get; } = new(LayoutKind.ChannelsLast);

    internal static ValueLayout Tensor { get; } = new(LayoutKind.Tensor);

    /// <summary>Bytes of whatever grid a value has; see <see cref="LayerGraph.LayoutFor"/>.</summary>
    internal static ValueLayout Bytes { get; } = new(LayoutKind.Bytes);

    /// <summary>What bytes stand for.</summary>
    internal ByteGrid Grid { get; init; }

    /// <summary>
    /// The planes of a value in this order: an image's, or, of a value without pixels, one pixel a feature, which needs
    /// no border.
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
