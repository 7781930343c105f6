using Temper.Networks;

namespace Temper.Compression.Pruning;

/// <summary>Numbers of nonzero weights by layer.</summary>
/// <param name="Layers">Weight parameters in network order.</param>
/// <param name="OtherCount">Number of parameter values not counted as weights: biases and normalizations.</param>
public sealed record SparsityReport(IReadOnlyList<LayerSparsity> Layers, long OtherCount)
{
    /// <summary>Total number of weights.</summary>
    public long Total => Layers.Sum(l => l.Total);

    /// <summary>Number of nonzero weights.</summary>
    public long Nonzero => Layers.Sum(l => l.Nonzero);

    /// <summary>Compression ratio: total divided by nonzero weights; infinite if all weights are zero.</summary>
    public double Ratio => (double)Total / Nonzero;

    /// <summary>Counts the weights of convolutions and linear layers, the parameters that the papers count.</summary>
    /// <param name="network">The network.</param>
    public static SparsityReport Of(Network network) => new(
        [.. network.Parameters.Where(IsWeight).Select(
            p => new LayerSparsity(p.Name, p.Value.Count, NonzeroOf(p)))],
        network.Parameters.Where(p => !IsWeight(p)).Sum(p => (long)p.Value.Count));

    internal static bool IsWeight(Parameter parameter) =>
        parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight;

    /// <summary>Returns the number of nonzero values of a parameter.</summary>
    internal static long NonzeroOf(Parameter parameter) =>
        parameter.Value.Count - parameter.Value.AsSpan<float>().Count(0f);
}

/// <summary>Number of nonzero weights of one layer.</summary>
/// <param name="Name">Name of the parameter.</param>
/// <param name="Total">Total number of weights.</param>
/// <param name="Nonzero">Number of nonzero weights.</param>
public sealed record LayerSparsity(string Name, long Total, long Nonzero)
{
    /// <summary>Fraction of the weights that are nonzero, 0 to 1.</summary>
    public double Density => Total == 0 ? 0 : (double)Nonzero / Total;
}
