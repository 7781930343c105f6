using Temper.Networks;
using Temper.Tensors;

namespace Temper.Testing.Edits;

/// <summary>Sets channels to zero, so that removing them does not change the outputs.</summary>
public static class SilentChannels
{
    /// <summary>
    /// Returns the network with zeros in the parameter slices that produce or consume the channels of the groups.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="groups">Some of its channel groups.</param>
    public static Network In(Network network, IReadOnlyList<ChannelGroup> groups)
    {
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (ChannelSlice slice in groups.SelectMany(group => group.Parameters).Where(slice => network.Parameters.Contains(slice.Name)))
        {
            Tensor value = values.GetValueOrDefault(slice.Name, network.Parameters[slice.Name].Value);
            Shape along = Shape.Create([.. Enumerable.Range(0, value.Rank).Select(axis => axis == slice.Axis ? value.Shape[axis] : 1)]);
            values[slice.Name] = value * Tensor.From([.. Enumerable.Range(0, value.Shape[slice.Axis]).Select(i => slice.Indices.Contains(i) ? 0f : 1f)], along);
        }

        return network.WithParameters(values.Select(entry => network.Parameters[entry.Key] with { Value = entry.Value }));
    }
}
