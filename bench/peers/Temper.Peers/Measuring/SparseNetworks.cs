using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Measuring;

/// <summary>Networks in which a random fraction of the weights is zero.</summary>
internal static class SparseNetworks
{
    /// <summary>Creates a network of the zoo with zeros in all layers but the first.</summary>
    /// <param name="name">Name in the zoo.</param>
    /// <param name="sparsity">Fraction of zero weights.</param>
    /// <param name="block">Number of consecutive output channels with zeros at the same positions.</param>
    /// <param name="seed">Seed of the weights and of the positions of zeros.</param>
    public static Network Make(string name, double sparsity, int block, ulong seed = 1)
    {
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(seed));
        return Thin(network, sparsity, block, seed, skip: 1);
    }

    /// <summary>Sets weights of a network to zero.</summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="sparsity">Fraction of zero weights.</param>
    /// <param name="block">Number of consecutive output channels with zeros at the same positions.</param>
    /// <param name="seed">Seed of the positions of zeros.</param>
    /// <param name="skip">Number of first layers that stay dense.</param>
    public static Network Thin(Network network, double sparsity, int block, ulong seed, int skip = 0)
    {
        Parameter[] weights =
        [
            .. network.Parameters.Where(p => p.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight)
                .Skip(skip),
        ];
        return network.WithParameters(weights.Select((weight, i) =>
            weight with
            {
                Value = Thinned(weight.Value, sparsity, block, RandomStream.FromSeed(seed).Split("zeros").Split(i)),
            }));
    }

    private static Tensor Thinned(Tensor weight, double sparsity, int block, RandomStream stream)
    {
        float[] values = weight.ToArray<float>();
        int outputs = weight.Shape[0], depth = values.Length / outputs;
        float[] keys = new float[(outputs + block - 1) / block * depth];
        stream.Fill(keys);
        float[] sorted = [.. keys.Order()];
        float limit = sorted[Math.Min((int)(sparsity * keys.Length), keys.Length - 1)];
        for (int o = 0; o < outputs; o++)
        {
            for (int k = 0; k < depth; k++)
            {
                if (keys[(o / block * depth) + k] < limit)
                {
                    values[(o * depth) + k] = 0;
                }
            }
        }

        return Tensor.From(values, weight.Shape);
    }
}
