namespace Temper.Networks;

/// <summary>
/// The channels along one axis of a value or parameter: the channel of each index, or the reason why the length is
/// fixed.
/// </summary>
/// <param name="Units">
/// Channel of each index, numbered as in <see cref="ChannelUnits"/>; null: the length cannot change.
/// </param>
/// <param name="FixedBy">
/// What fixes the length, for error messages. Empty for the batch axis and for a length of 1 that broadcasts.
/// </param>
internal readonly record struct AxisChannels(int[]? Units, string FixedBy)
{
    /// <summary>An axis compatible with any other: the batch axis, or a length of 1 that broadcasts.</summary>
    internal static AxisChannels Neutral { get; } = new(null, "");

    internal bool IsNeutral => Units is null && FixedBy.Length == 0;
}
