namespace Temper.Kernels;

/// <summary>
/// A copy of a panel that tiles make while they compute, some rows every <see cref="StepsPerCopy"/> steps of depth. It
/// copies either the panel that the tiles read, just before it is read, or the next panel well in advance, to hide
/// memory latency. Each tile updates these fields for the next one.
/// </summary>
internal unsafe struct GemmPanelCopy
{
    /// <summary>Number of depth steps of a tile between two copies.</summary>
    internal const int StepsPerCopy = 16;

    internal float* Source;

    /// <summary>Floats between rows of the source.</summary>
    internal nint SourceStep;

    /// <summary>Distance, in floats, from the row being copied to the row being prefetched into the cache.</summary>
    internal nint Ahead;

    /// <summary>Receives the rows, contiguous.</summary>
    internal float* Target;

    /// <summary>Number of rows still to copy.</summary>
    internal int Rows;

    /// <summary>Number of rows per copy.</summary>
    internal int RowsAtOnce;
}
