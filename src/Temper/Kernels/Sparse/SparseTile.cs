using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>The register tiles of sparse convolutions on this machine.</summary>
internal static unsafe class SparseTile
{
    /// <summary>Most rows and most vectors of a row that any tile has, and most channels that share their places.</summary>
    internal const int MostRows = 4, MostVectors = 8, MostChannels = 8;

    private static readonly nint[] Table = Fill(Simd.Active switch
    {
        SimdWidth.Vector512 => SparseTiles.V512,
        SimdWidth.Vector256 => SparseTiles.V256,
        SimdWidth.Vector128 => SparseTiles.V128,
        _ => SparseTiles.Scalar,
    });

    /// <summary>Whether there is a tile of some channels, rows and vectors.</summary>
    internal static bool Has(int channels, int rows, int vectors) => Table[Place(channels, rows, vectors)] != 0;

    /// <summary>(blocks, first place of each and one more, places, weights, pixels, row distance, start of each channel, distance from block to block, least result, what is added or null, result, row distance, channel distance).</summary>
    internal static delegate*<nint, int*, int*, float*, float*, nint, float*, nint, float, float*, float*, nint, nint, void> Kernel(int channels, int rows, int vectors) =>
        (delegate*<nint, int*, int*, float*, float*, nint, float*, nint, float, float*, float*, nint, nint, void>)Table[Place(channels, rows, vectors)];

    private static int Place(int channels, int rows, int vectors) => (((channels * (MostRows + 1)) + rows) * (MostVectors + 1)) + vectors;

    private static nint[] Fill((int Channels, int Rows, int Vectors, nint Tile)[] tiles)
    {
        nint[] table = new nint[Place(MostChannels, MostRows, MostVectors) + 1];
        foreach ((int channels, int rows, int vectors, nint tile) in tiles)
        {
            table[Place(channels, rows, vectors)] = tile;
        }

        return table;
    }
}
