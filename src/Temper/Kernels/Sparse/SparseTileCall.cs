namespace Temper.Kernels;

/// <summary>
/// Arguments of a call to a register tile of a sparse convolution: several blocks of channels, with the same pixels.
/// </summary>
internal unsafe struct SparseTileCall
{
    /// <summary>Number of channel blocks.</summary>
    internal nint Blocks;

    /// <summary>Index of the first offset of each block, followed by the end of the last block.</summary>
    internal int* Starts;

    /// <summary>Offset of each weight's first pixel from <see cref="Source"/>, in floats.</summary>
    internal int* Offsets;

    /// <summary>Weights: for each offset, one per channel of the block.</summary>
    internal float* Weights;

    internal float* Source;

    /// <summary>Floats from one row of the source to the next.</summary>
    internal nint SourceRow;

    /// <summary>Initial value of each channel's sum.</summary>
    internal float* Start;

    /// <summary>
    /// Floats in <see cref="Start"/> from one block to the next; 0: all blocks have the same initial values.
    /// </summary>
    internal nint StartStep;

    /// <summary>Lower bound of the results: 0 for a ReLU, minus infinity for none.</summary>
    internal float Floor;

    /// <summary>Values added to the result, in the same layout; null: none.</summary>
    internal float* Added;

    internal float* Target;

    /// <summary>Floats from one row of the result to the next.</summary>
    internal nint TargetRow;

    /// <summary>Floats from one channel of the result to the next.</summary>
    internal nint TargetChannel;
}
