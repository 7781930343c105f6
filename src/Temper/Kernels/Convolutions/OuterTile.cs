using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>
/// Register tile of rank-one updates on this machine: some floats of the left operand times some vectors of the right
/// operand.
/// </summary>
/// <param name="rows">Number of rows of the largest tile.</param>
/// <param name="lanes">Number of floats per vector.</param>
/// <param name="vectors">Number of vectors of the largest tile.</param>
/// <param name="kernels">Addresses of the kernels of all tile sizes up to the largest.</param>
internal sealed unsafe class OuterTile(int rows, int lanes, int vectors, nint[] kernels)
{
    internal static readonly OuterTile Active = Simd.Active switch
    {
        SimdWidth.Vector512 => new(rows: 8, lanes: 16, vectors: 3, OuterTiles.V512),
        SimdWidth.Vector256 => new(rows: 4, lanes: 8, vectors: 3, OuterTiles.V256),
        SimdWidth.Vector128 => new(rows: 4, lanes: 4, vectors: 3, OuterTiles.V128),
        _ => new(rows: 4, lanes: 1, vectors: 2, OuterTiles.Scalar),
    };

    internal int Rows => rows;

    internal int Lanes => lanes;

    internal int Vectors => vectors;

    /// <summary>
    /// Returns the kernel of a tile size. Its parameters are: count, left offsets, right offsets, left, right, sums,
    /// row distance of the sums. It adds to the sums.
    /// </summary>
    internal delegate*<nint, int*, int*, float*, float*, float*, nint, void> Kernel(int rowCount, int vectorCount) =>
        (delegate*<nint, int*, int*, float*, float*, float*, nint, void>)kernels[((rowCount - 1) * vectors)
            + vectorCount - 1];

    /// <summary>Returns the number of vectors needed for some floats.</summary>
    internal int VectorsFor(int floats) => (floats + lanes - 1) / lanes;
}
