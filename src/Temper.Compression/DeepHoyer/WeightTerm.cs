using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.DeepHoyer;

/// <summary>A regularizer of weights: one formula a parameter, the same strength for all.</summary>
public abstract record WeightTerm : ITrainingTerm
{
    /// <summary>Sums of squares below this count as zero: the formulas divide by them.</summary>
    private protected const double Epsilon = 1e-20;

    private protected WeightTerm()
    {
    }

    /// <inheritdoc/>
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
    public double AddGradient(Parameter parameter, ReadOnlySpan<float> weights, Span<float> gradient)
    {
        bool applies = parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight
            || (IncludesBias && parameter.Role == ParameterRole.Bias);
        return applies && Strength != 0 ? Strength * AddGradient(parameter, weights, gradient, Strength) : 0;
    }

    /// <summary>Adds <c>strength</c> times the gradient of one parameter's value; gives the value without the strength.</summary>
    /// <param name="parameter">Name, role and shape.</param>
    /// <param name="w">The weights, row-major.</param>
    /// <param name="gradient">As long; added to.</param>
    /// <param name="strength">Factor of the gradient.</param>
    protected abstract double AddGradient(Parameter parameter, ReadOnlySpan<float> w, Span<float> gradient, double strength);
}
