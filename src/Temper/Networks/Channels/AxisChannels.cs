namespace Temper.Networks;

/// <summary>
/// What is known of the indices along one axis of a value or parameter: which channel each belongs to, or that the
/// length is fixed.
/// </summary>
/// <param name="Units">
/// For each index its channel, a number of <see cref="ChannelUnits"/>; null: the length cannot change.
/// </param>
/// <param name="FixedBy">
/// For a fixed length what fixes it, for an error; empty: nothing, a length of 1 that broadcasts, or the batch.
/// </param>
internal readonly record struct AxisChannels(int[]? Units, string FixedBy)
{
    /// <summary>An axis that fits any other: the batch, or length 1 that broadcasts.</summary>
    internal static AxisChannels Neutral { get; } = new(null, "");

    internal bool IsNeutral => Units is null && FixedBy.Length == 0;
}
