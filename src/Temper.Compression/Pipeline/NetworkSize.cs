using Temper.Formats.Models;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>What a network costs, from its weights alone.</summary>
internal static class NetworkSize
{
    /// <summary>Multiply-accumulate operations of one sample; those with a weight of zero do not count.</summary>
    internal static long Macs(Network network)
    {
        long sum = 0;
        foreach ((NodeCost cost, Node node) in network.Cost().Nodes.Zip(network.Nodes))
        {
            if (cost.Macs > 0 && node.Parameters.Count > 0)
            {
                ReadOnlySpan<float> weight = network.Parameters[node.Parameters[0]].Value.ToArray<float>();
                sum += (long)Math.Round((double)cost.Macs * (weight.Length - weight.Count(0f)) / Math.Max(1, weight.Length));
            }
            else
            {
                sum += cost.Macs;
            }
        }

        return sum;
    }

    /// <summary>Bytes of the file that holds it, zeros left out.</summary>
    internal static long Bytes(Network network)
    {
        using var file = new MemoryStream();
        ModelFile.ToSingleFile(network, new SaveOptions { Sparse = true }).Write(file);
        return file.Length;
    }
}
