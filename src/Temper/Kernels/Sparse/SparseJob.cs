namespace Temper.Kernels;

/// <summary>A sparse convolution of one group of images.</summary>
internal unsafe struct SparseJob
{
    internal int* Offsets;
    internal float* Weights;
    internal int* Starts;

    /// <summary>Channels that share their offsets.</summary>
    internal int Block;
    internal int Blocks;

    /// <summary>Parts of the sum, one after the other for each tile.</summary>
    internal int Parts;

    /// <summary>Channels that exist.</summary>
    internal int Channels;

    /// <summary>What the sum of each channel begins with.</summary>
    internal float* Start;

    /// <summary>Zeros for the channels of a block.</summary>
    internal float* Zeros;
    internal float Floor;
    internal float* Source;

    /// <summary>Pixels of the source from one row of the result to the next.</summary>
    internal int SourcePitch;

    /// <summary>Pixels of the source from one pixel of the result to the next; one but for strides.</summary>
    internal int SourceStep;
    internal float* Target;
    internal float* Added;

    /// <summary>The result's planes.</summary>
    internal PlaneShape Shape;

    /// <summary>Floats of a pixel.</summary>
    internal int Interleave;

    /// <summary>What surrounds pieces of images, if they are cut.</summary>
    internal PlaneHalo Halo;

    // Set while it runs.

    /// <summary>Rows, each <see cref="RowFloats"/> long; one where all rows are taken as one.</summary>
    internal int Rows;
    internal int RowFloats;

    /// <summary>Rows of a tile.</summary>
    internal int TileRows;

    /// <summary>Tiles side by side.</summary>
    internal int TileColumns;

    /// <summary>Tiles that a task does not cut: those of some whole rows.</summary>
    internal int TilesTogether;
    internal int SpatialTasks;
    internal int ChannelTasks;

    internal readonly int Vectors => Chunks.Count(RowFloats, GemmTile.Active.Lanes);

    internal readonly int Tiles => Chunks.Count(Rows, TileRows) * TileColumns;

    internal readonly bool IsOneRow => Rows < Shape.Height;

    /// <summary>
    /// Whether something is to be written around the results of a channel when all of them are there.
    /// </summary>
    internal readonly bool EndsWhole => Halo.Count > 0 || (IsOneRow && Shape.HasBorder);
}
