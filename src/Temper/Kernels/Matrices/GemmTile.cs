using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>
/// Register tiles for this machine: some rows of the left operand by some vectors of columns of the right operand.
/// </summary>
/// <param name="rows">Number of rows of the largest tile.</param>
/// <param name="lanes">Number of floats per vector.</param>
/// <param name="vectors">Number of vectors of the largest tile.</param>
/// <param name="kernels">Addresses of the kernels for all tile sizes.</param>
internal sealed unsafe class GemmTile(int rows, int lanes, int vectors, nint[] kernels)
{
    internal static readonly GemmTile Active = Simd.Active switch
    {
        SimdWidth.Vector512 => new(rows: 8, lanes: 16, vectors: 3, RowTiles.V512),
        SimdWidth.Vector256 => new(rows: 6, lanes: 8, vectors: 2, RowTiles.V256),
        SimdWidth.Vector128 => new(rows: 6, lanes: 4, vectors: 2, RowTiles.V128),
        _ => new(rows: 4, lanes: 1, vectors: 2, RowTiles.Scalar),
    };

    internal int Rows => rows;

    internal int Lanes => lanes;

    internal int Vectors => vectors;

    internal int Columns => lanes * vectors;

    /// <summary>
    /// Returns the kernel for a tile size. Its arguments: depth, A, row stride of A, B, row stride of B, panel copy to
    /// make while computing (or null), C, row stride of C, whether to add to C.
    /// </summary>
    internal delegate*<nint, float*, nint, float*, nint, GemmPanelCopy*, float*, nint, bool, void> Kernel(
        int rowCount, int vectorCount) =>
        (delegate*<nint, float*, nint, float*, nint, GemmPanelCopy*, float*, nint, bool, void>)
            kernels[((rowCount - 1) * vectors) + vectorCount - 1];
}
