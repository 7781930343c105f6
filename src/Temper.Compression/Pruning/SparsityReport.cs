using Temper.Networks;

namespace Temper.Compression.Pruning;

/// <summary>Weights left, layer by layer.</summary>
/// <param name="Layers">Weight tensors in the network's order.</param>
/// <param name="OtherCount">Parameters that are not counted as weights: biases and normalization.</param>
public sealed record SparsityReport(IReadOnlyList<LayerSparsity> Layers, long OtherCount)
{
    /// <summary>Weights in all.</summary>
    public long Total => Layers.Sum(l => l.Total);

    /// <summary>Weights that are not zero.</summary>
    public long Nonzero => Layers.Sum(l => l.Nonzero);

    /// <summary>How many times fewer weights are left; infinite where none is.</summary>
    public double Ratio => (double)Total / Nonzero;

    /// <summary>Counts the weights of convolutions and linear layers, as the papers do.</summary>
    /// <param name="network">Any network.</param>
    public static SparsityReport Of(Network network) => new(
        [.. network.Parameters.Where(IsWeight).Select(
            p => new LayerSparsity(p.Name, p.Value.Count, p.Value.Count - Zeros(p)))],
        network.Parameters.Where(p => !IsWeight(p)).Sum(p => (long)p.Value.Count));

    internal static bool IsWeight(Parameter parameter) =>
        parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight;

    private static int Zeros(Parameter parameter)
    {
        int zeros = 0;
        foreach (float value in parameter.Value.AsSpan<float>())
        {
            zeros += value == 0 ? 1 : 0;
        }

        return zeros;
    }
}

/// <summary>Weights left in one layer.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="Total">Weights.</param>
/// <param name="Nonzero">Weights that are not zero.</param>
public sealed record LayerSparsity(string Name, long Total, long Nonzero)
{
    /// <summary>Part of the weights that is left, 0 to 1.</summary>
    public double Density => Total == 0 ? 0 : (double)Nonzero / Total;
}
