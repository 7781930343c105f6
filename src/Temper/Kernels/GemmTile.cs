using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>The register tile for this machine: rows of the left operand by columns of the right.</summary>
/// <param name="rows">Rows of the tile.</param>
/// <param name="columns">Columns of the wide form; the narrow form has half of them.</param>
/// <param name="wide">Full width.</param>
/// <param name="narrow">Half the width.</param>
internal readonly unsafe struct GemmTile(
    int rows,
    int columns,
    delegate*<nint, float*, nint, float*, nint, float*, nint, bool, void> wide,
    delegate*<nint, float*, nint, float*, nint, float*, nint, bool, void> narrow)
{
    internal static readonly GemmTile Active = For(Simd.Active);

    internal readonly int Rows = rows;
    internal readonly int Columns = columns;

    /// <summary>(depth, left, left step, right, right step, result, result row distance, add to the result).</summary>
    internal readonly delegate*<nint, float*, nint, float*, nint, float*, nint, bool, void> Wide = wide;

    internal readonly delegate*<nint, float*, nint, float*, nint, float*, nint, bool, void> Narrow = narrow;

    internal static GemmTile For(SimdWidth width) => width switch
    {
        SimdWidth.Vector512 => new(13, 32, &PackedTiles.Packed13x32V512, &PackedTiles.Packed13x16V512),
        SimdWidth.Vector256 => new(6, 16, &PackedTiles.Packed6x16V256, &PackedTiles.Packed6x8V256),
        SimdWidth.Vector128 => new(6, 8, &PackedTiles.Packed6x8V128, &PackedTiles.Packed6x4V128),
        _ => new(4, 2, &PackedTiles.Packed4x2Scalar, &PackedTiles.Packed4x1Scalar),
    };
}
