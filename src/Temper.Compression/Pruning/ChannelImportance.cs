using Temper.Networks;

namespace Temper.Compression.Pruning;

/// <summary>
/// Computes the importance of groups of channels: the share of the squared weights of their layers that is lost with
/// them, divided by the multiply-accumulates saved. Both depend on the channels removed before.
/// </summary>
internal sealed class ChannelImportance(Network network)
{
    private readonly IReadOnlyDictionary<string, long> _uses = network.WeightUses();
    private readonly Dictionary<string, RemainingWeight> _weights = new(StringComparer.Ordinal);

    /// <summary>Returns the importance of a group; it is 0 if its weights are zero.</summary>
    internal double Of(ChannelGroup group)
    {
        (double share, double macs) = (0, 0);
        foreach (ChannelSlice slice in group.Parameters.Where(IsWeight))
        {
            RemainingWeight weight = Weight(slice.Name);
            share += weight.Share(slice);
            macs += weight.Count(slice) * _uses.GetValueOrDefault(slice.Name);
        }

        return share / Math.Max(1, macs);
    }

    /// <summary>Marks the channels of a group as removed.</summary>
    internal void Remove(ChannelGroup group)
    {
        foreach (ChannelSlice slice in group.Parameters.Where(IsWeight))
        {
            Weight(slice.Name).Remove(slice);
        }
    }

    private RemainingWeight Weight(string name)
    {
        if (!_weights.TryGetValue(name, out RemainingWeight? weight))
        {
            _weights.Add(name, weight = new RemainingWeight(network.Parameters[name].Value));
        }

        return weight;
    }

    private bool IsWeight(ChannelSlice slice) => network.Parameters.TryGet(slice.Name, out Parameter? parameter)
        && parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight or ParameterRole.NormScale;
}
