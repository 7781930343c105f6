namespace Temper.Networks;

/// <summary>Some indices along one axis of a value, parameter or buffer.</summary>
/// <param name="Name">Name of the node with this value, or full name of the parameter or buffer.</param>
/// <param name="Axis">The axis.</param>
/// <param name="Indices">The indices, in increasing order.</param>
public sealed record ChannelSlice(string Name, int Axis, IReadOnlyList<int> Indices);

/// <summary>
/// Channels that can only be kept or removed together, in all layers that are connected by additions, concatenations or
/// slices.
/// </summary>
/// <param name="Values">Indices of the channels in the values of nodes, in topological order.</param>
/// <param name="Parameters">Indices of the channels in the parameters and buffers that create or use them.</param>
public sealed record ChannelGroup(IReadOnlyList<ChannelSlice> Values, IReadOnlyList<ChannelSlice> Parameters);
