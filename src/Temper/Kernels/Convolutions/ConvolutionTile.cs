using System.Numerics;
using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>The register tiles of the convolutions on this machine.</summary>
internal readonly unsafe struct ConvolutionTile
{
    internal static readonly ConvolutionTile Active = For(Simd.Active);

    /// <summary>Pixels (or input channels, for the weights' gradient) of a tile.</summary>
    internal readonly int Rows;

    /// <summary>Output channels of the wide form; the narrow form has half of them.</summary>
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
    /// A tile for the channels of a list, pixels having those only, and its rows: a power of two, enough if there is
    /// one.
    /// </summary>
    /// <param name="rows">Rows that are wanted.</param>
    /// <param name="isWide">Whether it is the wide form.</param>
    internal (int Rows, nint Kernel) Listed(int rows, bool isWide)
    {
        int exponent = BitOperations.Log2((uint)Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)rows), Rows));
        return (1 << exponent, _listed[(2 * exponent) + (isWide ? 1 : 0)]);
    }

    /// <summary>
    /// Columns of the panel that begins at <paramref name="column"/>: the last is narrow if that is enough.
    /// </summary>
    internal int PanelWidth(int column, int columns) => columns - column <= Columns / 2 ? Columns / 2 : Columns;

    /// <summary>Columns of all panels together, the padding of the last included.</summary>
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
