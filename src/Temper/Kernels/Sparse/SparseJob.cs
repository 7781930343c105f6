namespace Temper.Kernels;

/// <summary>A sparse convolution of one group of images.</summary>
internal unsafe struct SparseJob
{
    internal int* Offsets;
    internal float* Weights;
    internal int* Starts;

    /// <summary>Number of channels that share their offsets.</summary>
    internal int Block;
    internal int Blocks;

    /// <summary>Number of parts into which each sum is split; a tile processes them one after another.</summary>
    internal int Parts;

    /// <summary>Number of output channels, without those that only fill up the last block.</summary>
    internal int Channels;

    /// <summary>Initial value of each channel's sum.</summary>
    internal float* Start;

    /// <summary>Zeros, one per channel of a block.</summary>
    internal float* Zeros;
    internal float Floor;
    internal float* Source;

    /// <summary>Distance between the inputs of neighboring result rows, in source pixels.</summary>
    internal int SourcePitch;

    /// <summary>Distance between the inputs of neighboring result pixels, in source pixels; 1 without stride.</summary>
    internal int SourceStep;
    internal float* Target;
    internal float* Added;

    /// <summary>Shape of the planes of the result.</summary>
    internal PlaneShape Shape;

    /// <summary>Number of floats per pixel.</summary>
    internal int Interleave;

    /// <summary>Border of the pieces, if images are cut.</summary>
    internal PlaneHalo Halo;

    // The following fields are set during a run.

    /// <summary>Number of rows of <see cref="RowFloats"/> floats; 1 if all rows are processed as one.</summary>
    internal int Rows;
    internal int RowFloats;

    /// <summary>Number of rows per tile.</summary>
    internal int TileRows;

    /// <summary>Number of tiles per row.</summary>
    internal int TileColumns;

    /// <summary>Number of consecutive tiles that are always in the same task: those of some whole rows.</summary>
    internal int TilesTogether;
    internal int SpatialTasks;
    internal int ChannelTasks;

    internal readonly int Vectors => Chunks.Count(RowFloats, GemmTile.Active.Lanes);

    internal readonly int Tiles => Chunks.Count(Rows, TileRows) * TileColumns;

    internal readonly bool IsOneRow => Rows < Shape.Height;

    /// <summary>Whether a border must be written after all results of a channel are complete.</summary>
    internal readonly bool EndsWhole => Halo.Count > 0 || (IsOneRow && Shape.HasBorder);
}
