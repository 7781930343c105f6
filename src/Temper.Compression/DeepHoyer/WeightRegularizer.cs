using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.DeepHoyer;

/// <summary>A regularizer of weights: one formula a parameter, the same strength for all.</summary>
public abstract record WeightRegularizer : IRegularizer
{
    /// <summary>Sums of squares below this count as zero: the formulas divide by them.</summary>
    private protected const double Epsilon = 1e-20;

    private protected WeightRegularizer()
    {
    }

    /// <inheritdoc/>
    [JsonIgnore]
    public abstract string Name { get; }

    /// <summary>The price of one unit, zero or more (λ in the paper).</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public required float Strength
    {
        get;
        init => field = value is >= 0 and < float.PositiveInfinity
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), $"{Name}: the strength must be zero or more (got {value})");
    }

    /// <summary>Whether biases are regularized too.</summary>
    public bool IncludesBias { get; init; }

    /// <inheritdoc/>
    public int SumCount(Parameter parameter)
    {
        bool applies = parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight
            || (IncludesBias && parameter.Role == ParameterRole.Bias);
        return applies && Strength != 0 ? CountSums(parameter) : 0;
    }

    /// <inheritdoc/>
    public abstract void AddSums(in WeightBlock block, Span<double> sums);

    /// <inheritdoc/>
    public double Value(Parameter parameter, ReadOnlySpan<double> sums) => Strength * UnitValue(sums, parameter);

    /// <inheritdoc/>
    public abstract void AddGradient(in WeightBlock block, ReadOnlySpan<double> sums, Span<float> gradient);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();

    /// <summary>How many sums a parameter needs to which the regularizer applies; 0 excludes it.</summary>
    private protected abstract int CountSums(Parameter parameter);

    /// <summary>The value for a strength of one.</summary>
    private protected abstract double UnitValue(ReadOnlySpan<double> sums, Parameter parameter);
}
