namespace Temper.Tensors;

/// <summary>
/// Order of a tensor's elements in memory. Shapes, indices, files and printed values do not depend on it.
/// </summary>
internal enum Layout
{
    /// <summary>The last axis is contiguous.</summary>
    RowMajor,

    /// <summary>
    /// For <c>[N, C, H, W]</c> only: stored as N, H, W, C, the order in which convolutions are fastest.
    /// </summary>
    ChannelsLast,
}
