namespace Temper.Kernels;

/// <summary>A sparse convolution of one group of images.</summary>
internal unsafe struct SparseJob
{
    internal int* Places;
    internal float* Weights;
    internal int* Starts;

    /// <summary>Channels that share their places.</summary>
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

    /// <summary>Pixels from one row of the source to the next.</summary>
    internal int SourcePitch;
    internal float* Target;
    internal float* Added;

    /// <summary>The result's planes.</summary>
    internal PlaneShape Shape;

    /// <summary>Floats of a pixel.</summary>
    internal int Interleave;

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

    internal readonly bool HasBorder => Shape.Plane > Shape.Height * Shape.Width;
}
