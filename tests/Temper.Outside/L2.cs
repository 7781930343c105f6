using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Outside;

/// <summary>The sum of the squared weights of linear layers as a regularizer: <c>strength Σ w²</c>.</summary>
public sealed record L2 : IRegularizer
{
    /// <summary>Strength, 0 or more.</summary>
    public required float Strength { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public string Name => "l2";

    /// <inheritdoc/>
    public int SumCount(Parameter parameter) => parameter.Role == ParameterRole.LinearWeight ? 1 : 0;

    /// <inheritdoc/>
    public void AddSums(in WeightBlock block, Span<double> sums)
    {
        foreach (float w in block.Weights)
        {
            sums[0] += (double)w * w;
        }
    }

    /// <inheritdoc/>
    public double Value(Parameter parameter, ReadOnlySpan<double> sums) => Strength * sums[0];

    /// <inheritdoc/>
    public void AddGradient(in WeightBlock block, ReadOnlySpan<double> sums, Span<float> gradient)
    {
        for (int i = 0; i < gradient.Length; i++)
        {
            gradient[i] += 2 * Strength * block.Weights[i];
        }
    }

    /// <inheritdoc/>
    public JsonNode Fingerprint() => new JsonObject { ["strength"] = Strength };
}
