using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>
/// The register tiles of rank-one updates on this machine: some floats of the left times some vectors of the right.
/// </summary>
/// <param name="rows">Rows of the largest tile.</param>
/// <param name="lanes">Floats a vector.</param>
/// <param name="vectors">Vectors of the largest tile.</param>
/// <param name="kernels">The address of every smaller tile too.</param>
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
    /// (count, left offsets, right offsets, left, right, sums, sums' row distance): adds to the sums.
    /// </summary>
    internal delegate*<nint, int*, int*, float*, float*, float*, nint, void> Kernel(int rowCount, int vectorCount) =>
        (delegate*<nint, int*, int*, float*, float*, float*, nint, void>)kernels[((rowCount - 1) * vectors)
            + vectorCount - 1];

    /// <summary>Vectors that hold some floats.</summary>
    internal int VectorsFor(int floats) => (floats + lanes - 1) / lanes;
}
