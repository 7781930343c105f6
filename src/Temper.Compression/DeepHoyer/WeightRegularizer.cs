using System.Buffers;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// A regularizer of weights: a formula over the norms of groups of weights (<see cref="Grouping"/>), for each parameter
/// by itself and with one strength for all. A group whose weights are zero has gradient zero.
/// </summary>
/// <remarks>
/// Every formula is a function of <c>A = Σ_g φ(n_g)</c> and <c>S2 = Σw²</c>, with n_g the norm of group g. Its slope by
/// a norm is <c>a φ'(n) - b n</c>, and its gradient by a weight the slope times <c>w / n</c>. Groups have no weights of
/// their own, whatever their size.
/// </remarks>
public abstract record WeightRegularizer : IRegularizer
{
    /// <summary>Sums of squares below this count as zero: scale-invariant formulas divide by them.</summary>
    private protected const double Epsilon = 1e-20;

    private protected WeightRegularizer()
    {
    }

    /// <summary>
    /// The name on the command line; with groups of more than one weight that of the group form, such as
    /// <c>group-hs</c>.
    /// </summary>
    [JsonIgnore]
    public string Name => Grouping == Grouping.Element ? ElementName : GroupName;

    /// <summary>The price of one unit, zero or more (λ in the paper).</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public required float Strength
    {
        get;
        init => field = value is >= 0 and < float.PositiveInfinity
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(value), $"{Name}: the strength must be zero or more (got {value})");
    }

    /// <summary>Which weights the formula sees as one; single weights by default.</summary>
    public Grouping Grouping { get; init; }

    /// <summary>Whether biases are regularized too; only single weights are: a bias has no groups.</summary>
    public bool IncludesBias { get; init; }

    /// <summary>Name of the formula over single weights.</summary>
    private protected abstract string ElementName { get; }

    /// <summary>Name of the formula over groups.</summary>
    private protected abstract string GroupName { get; }

    /// <inheritdoc/>
    public int SumCount(Parameter parameter)
    {
        bool applies = parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight
            || (IncludesBias && parameter.Role == ParameterRole.Bias);
        int groups = Grouping == Grouping.Element ? 1 : new GroupLayout(parameter, Grouping).Count;
        return applies && Strength != 0 && groups > 0 ? groups + 1 : 0;
    }

    /// <summary>A and S2 of single weights; otherwise the squared norm of each group, then S2.</summary>
    /// <inheritdoc/>
    public void AddSums(in WeightBlock block, Span<double> sums)
    {
        if (Grouping == Grouping.Element)
        {
            sums[0] += SumOfTerms(block.Weights);
            sums[1] += Reductions.SumOfSquares(block.Weights);
        }
        else
        {
            new GroupLayout(block.Parameter, Grouping).AddSquares(block, sums);
        }
    }

    /// <inheritdoc/>
    public double Value(Parameter parameter, ReadOnlySpan<double> sums)
    {
        if (Grouping == Grouping.Element)
        {
            return Strength * UnitValue(sums[0], sums[1]);
        }

        var layout = new GroupLayout(parameter, Grouping);
        double value = UnitValue(SumOfTerms(sums[..layout.FirstPartition]), sums[^1]);
        return Strength
            * (layout.HasRowGroups ? value + UnitValue(SumOfTerms(sums[layout.FirstPartition..^1]), sums[^1]) : value);
    }

    /// <inheritdoc/>
    public void AddGradient(in WeightBlock block, ReadOnlySpan<double> sums, Span<float> gradient)
    {
        if (Grouping == Grouping.Element)
        {
            (double a, double b) = Slope(sums[0], sums[1]);
            AddSlopes((float)(Strength * a), (float)(Strength * b), block.Weights, gradient);
            return;
        }

        var layout = new GroupLayout(block.Parameter, Grouping);
        double[] factors = ArrayPool<double>.Shared.Rent(layout.Count);
        ToFactors(sums[..layout.FirstPartition], sums[^1], factors);
        ToFactors(sums[layout.FirstPartition..^1], sums[^1], factors.AsSpan(layout.FirstPartition));
        layout.AddScaled(block, factors.AsSpan(0, layout.Count), gradient);
        ArrayPool<double>.Shared.Return(factors);
    }

    /// <inheritdoc/>
    public JsonNode Fingerprint()
    {
        var options = new JsonObject { ["strength"] = Strength, ["includesBias"] = IncludesBias };
        if (Grouping != Grouping.Element)
        {
            options["grouping"] = Grouping.ToString();
        }

        return options;
    }

    /// <summary>The value from A and S2, for a strength of one; 0 for zeros.</summary>
    private protected abstract double UnitValue(double a, double s2);

    /// <summary>The slope by a norm n is <c>a φ'(n) - b n</c>; this gives a and b, both 0 for zeros.</summary>
    private protected abstract (double A, double B) Slope(double a, double s2);

    /// <summary>φ of a norm.</summary>
    private protected virtual double Term(double norm) => norm;

    /// <summary>φ' of a norm.</summary>
    private protected virtual double TermSlope(double norm) => 1;

    /// <summary>Σφ(|w|) of single weights.</summary>
    private protected virtual double SumOfTerms(ReadOnlySpan<float> weights) => Reductions.SumOfMagnitudes(weights);

    /// <summary>Adds <c>sgn(w) (a φ'(|w|) - b |w|)</c> for each single weight.</summary>
    private protected virtual void AddSlopes(float a, float b, ReadOnlySpan<float> weights, Span<float> gradient) =>
        Elementwise.Apply(new AddSignedGradient(a, b), weights, gradient, gradient);

    private double SumOfTerms(ReadOnlySpan<double> squares)
    {
        double sum = 0;
        foreach (double square in squares)
        {
            sum += Term(Math.Sqrt(square));
        }

        return sum;
    }

    /// <summary>
    /// What each weight of a group is multiplied by: the slope by the group's norm, divided by the norm.
    /// </summary>
    private void ToFactors(ReadOnlySpan<double> squares, double s2, Span<double> factors)
    {
        (double a, double b) = Slope(SumOfTerms(squares), s2);
        double strength = Strength;
        for (int g = 0; g < squares.Length; g++)
        {
            double norm = Math.Sqrt(squares[g]);
            factors[g] = norm == 0 ? 0 : strength * ((a * TermSlope(norm) / norm) - b);
        }
    }
}
