namespace Temper.Kernels;

/// <summary>
/// A copy that tiles make on the way, some rows every <see cref="StepsPerCopy"/> steps of depth: of the panel that they
/// read, just before
/// they do, or of the one that comes next, long before, so that nobody waits for memory. A tile leaves here what the
/// next one copies.
/// </summary>
internal unsafe struct GemmPanelCopy
{
    /// <summary>Steps of a tile's depth between two copies.</summary>
    internal const int StepsPerCopy = 16;

    internal float* Source;

    /// <summary>Elements between rows of the source.</summary>
    internal nint SourceStep;

    /// <summary>Elements from the row that is copied to the one that is fetched into the cache for later.</summary>
    internal nint Ahead;

    /// <summary>Rows lie here without gaps.</summary>
    internal float* Target;

    /// <summary>Rows that are left to copy.</summary>
    internal int Rows;

    /// <summary>Rows that are copied together.</summary>
    internal int RowsAtOnce;
}
