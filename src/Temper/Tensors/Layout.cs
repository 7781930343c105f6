namespace Temper.Tensors;

/// <summary>
/// Where the numbers of a tensor lie in memory. No shape, index, file or printed order depends on it.
/// </summary>
internal enum Layout
{
    /// <summary>The last axis varies fastest.</summary>
    RowMajor,

    /// <summary>For <c>[N, C, H, W]</c>: stored as N, H, W, C, the order in which convolutions are fastest.</summary>
    ChannelsLast,
}
