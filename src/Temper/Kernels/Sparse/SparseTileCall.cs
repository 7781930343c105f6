namespace Temper.Kernels;

/// <summary>
/// What one call of a sparse convolution's register tile works on: some blocks of channels, the same pixels for each.
/// </summary>
internal unsafe struct SparseTileCall
{
    /// <summary>Blocks of channels.</summary>
    internal nint Blocks;

    /// <summary>
    /// For each block the index of its first weight's offset, and behind them the end of the last block.
    /// </summary>
    internal int* Starts;

    /// <summary>For each weight how many floats behind <see cref="Source"/> its first pixel is.</summary>
    internal int* Offsets;

    /// <summary>All weights: for each offset one of each channel of the block.</summary>
    internal float* Weights;

    internal float* Source;

    /// <summary>Floats from a row of the source to the next.</summary>
    internal nint SourceRow;

    /// <summary>What the sum of each channel begins with.</summary>
    internal float* Start;

    /// <summary>Floats of <see cref="Start"/> from a block to the next; 0: all begin with the same.</summary>
    internal nint StartStep;

    /// <summary>The smallest result: 0 for a ReLU.</summary>
    internal float Floor;

    /// <summary>Added to the result, lying as it does; null: nothing.</summary>
    internal float* Added;

    internal float* Target;

    /// <summary>Floats from a row of the result to the next.</summary>
    internal nint TargetRow;

    /// <summary>Floats from a channel of the result to the next.</summary>
    internal nint TargetChannel;
}
