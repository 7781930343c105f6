using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>The register tiles of sparse convolutions on this machine.</summary>
internal static unsafe class SparseTile
{
    /// <summary>Maximum number of rows, of vectors per row, and of channels with shared offsets per tile.</summary>
    internal const int MaxRows = 4, MaxVectors = 8, MaxChannels = 8;

    private static readonly nint[] Table = Fill(Simd.Active switch
    {
        SimdWidth.Vector512 => SparseTiles.V512,
        SimdWidth.Vector256 => SparseTiles.V256,
        SimdWidth.Vector128 => SparseTiles.V128,
        _ => SparseTiles.Scalar,
    });

    /// <summary>Whether a tile of the given size exists.</summary>
    internal static bool Has(int channels, int rows, int vectors) => Table[Index(channels, rows, vectors)] != 0;

    /// <summary>Returns the kernel of a tile size, which must exist.</summary>
    internal static delegate*<SparseTileCall*, void> Kernel(int channels, int rows, int vectors) =>
        (delegate*<SparseTileCall*, void>)Table[Index(channels, rows, vectors)];

    private static int Index(int channels, int rows, int vectors) =>
        (((channels * (MaxRows + 1)) + rows) * (MaxVectors + 1)) + vectors;

    private static nint[] Fill((int Channels, int Rows, int Vectors, nint Tile)[] tiles)
    {
        nint[] table = new nint[Index(MaxChannels, MaxRows, MaxVectors) + 1];
        foreach ((int channels, int rows, int vectors, nint tile) in tiles)
        {
            table[Index(channels, rows, vectors)] = tile;
        }

        return table;
    }
}
