namespace Temper.Networks;

/// <summary>Indices along an axis of a value, parameter or buffer.</summary>
/// <param name="Name">Name of the node whose value it is, or full name of the parameter or buffer.</param>
/// <param name="Axis">The axis.</param>
/// <param name="Indices">The indices, increasing.</param>
public sealed record ChannelSlice(string Name, int Axis, IReadOnlyList<int> Indices);

/// <summary>
/// Channels that can only be kept or removed together: of all layers that are added, concatenated or sliced into each
/// other.
/// </summary>
/// <param name="Values">Where the channel stands in the values of nodes, in the graph's order.</param>
/// <param name="Parameters">Which parts of parameters and buffers make and use it.</param>
public sealed record ChannelGroup(IReadOnlyList<ChannelSlice> Values, IReadOnlyList<ChannelSlice> Parameters);
