using System.Numerics;
using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>Register tile of the convolution kernels on this machine.</summary>
internal readonly unsafe struct ConvolutionTile
{
    internal static readonly ConvolutionTile Active = For(Simd.Active);

    /// <summary>Number of pixels in a tile.</summary>
    internal readonly int Rows;

    /// <summary>Number of output channels in a wide tile; a narrow tile has half as many.</summary>
    internal readonly int Columns;

    internal readonly delegate*<nint, nint, nint, float**, float*, nint, float*, nint, int, bool, void> Wide;
    internal readonly delegate*<nint, nint, nint, float**, float*, nint, float*, nint, int, bool, void> Narrow;

    private readonly nint[] _listed;

    private ConvolutionTile(
        int rows,
        int columns,
        delegate*<nint, nint, nint, float**, float*, nint, float*, nint, int, bool, void> wide,
        delegate*<nint, nint, nint, float**, float*, nint, float*, nint, int, bool, void> narrow,
        nint[] listed)
    {
        Rows = rows;
        Columns = columns;
        Wide = wide;
        Narrow = narrow;
        _listed = listed;
    }

    /// <summary>
    /// Returns the kernel for source pixels with only some of the channels, and the number of its rows: a power of two,
    /// large enough if such a kernel exists.
    /// </summary>
    /// <param name="rows">Number of rows needed.</param>
    /// <param name="isWide">Whether the tile is wide.</param>
    internal (int Rows, nint Kernel) Listed(int rows, bool isWide)
    {
        int exponent = BitOperations.Log2((uint)Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)rows), Rows));
        return (1 << exponent, _listed[(2 * exponent) + (isWide ? 1 : 0)]);
    }

    /// <summary>
    /// Returns the number of columns of the panel that starts at <paramref name="column"/>: half the width if the
    /// remaining columns fit.
    /// </summary>
    internal int PanelWidth(int column, int columns) => columns - column <= Columns / 2 ? Columns / 2 : Columns;

    /// <summary>Returns the total number of columns of all panels, including the padding of the last one.</summary>
    internal int PaddedColumns(int columns)
    {
        int whole = columns / Columns * Columns;
        return whole == columns ? whole : whole + PanelWidth(whole, columns);
    }

    private static ConvolutionTile For(SimdWidth width) => width switch
    {
        SimdWidth.Vector512 => new(
            8, 32, &IndirectTiles.Indirect8x32V512, &IndirectTiles.Indirect8x16V512, IndirectTiles.ListedV512),
        SimdWidth.Vector256 => new(
            4, 16, &IndirectTiles.Indirect4x16V256, &IndirectTiles.Indirect4x8V256, IndirectTiles.ListedV256),
        SimdWidth.Vector128 => new(
            4, 8, &IndirectTiles.Indirect4x8V128, &IndirectTiles.Indirect4x4V128, IndirectTiles.ListedV128),
        _ => new(
            4, 2, &IndirectTiles.Indirect4x2Scalar, &IndirectTiles.Indirect4x1Scalar, IndirectTiles.ListedScalar),
    };
}
