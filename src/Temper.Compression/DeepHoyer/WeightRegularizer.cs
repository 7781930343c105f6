using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// Base of weight regularizers: functions of the norms of groups of weights (<see cref="Grouping"/>). They are computed
/// for each parameter separately, with the same strength for all. A group of zeros has gradient zero.
/// </summary>
/// <remarks>
/// Each regularizer is a function of <c>A = Σ_g φ(n_g)</c> and <c>S2 = Σw²</c>, where n_g is the norm of group g. Its
/// derivative with respect to a norm n is <c>a φ'(n) - b n</c>; the gradient with respect to a weight w of the group is
/// this derivative times <c>w / n</c>. Groups are not weighted by their size.
/// </remarks>
public abstract record WeightRegularizer : IRegularizer
{
    /// <summary>
    /// Sums of squares below this value count as zero, because scale-invariant regularizers divide by them.
    /// </summary>
    private protected const double Epsilon = 1e-20;

    private protected WeightRegularizer()
    {
    }

    /// <summary>
    /// Name on the command line. With groups of more than one weight it is the name of the group form, such as
    /// <c>group-hs</c>.
    /// </summary>
    [JsonIgnore]
    public string Name => Grouping == Grouping.Element ? ElementName : GroupName;

    /// <summary>Strength of the regularizer, 0 or more (λ in the paper).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public required float Strength
    {
        get;
        init => field = value is >= 0 and < float.PositiveInfinity
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), string.Create(
                CultureInfo.InvariantCulture, $"{Name}: Strength must be zero or more (got {value})"));
    }

    /// <summary>Which weights form a group; single weights by default.</summary>
    public Grouping Grouping { get; init; }

    /// <summary>
    /// Whether biases are regularized too. Has an effect only for single weights, because biases have no groups.
    /// </summary>
    public bool IncludesBias { get; init; }

    /// <summary>Names of parameters that are not regularized.</summary>
    internal IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>Whether the value does not change when all weights of a parameter are scaled.</summary>
    internal virtual bool IsScaleInvariant => false;

    /// <summary>Name of the regularizer of single weights.</summary>
    private protected abstract string ElementName { get; }

    /// <summary>Name of the regularizer of groups.</summary>
    private protected abstract string GroupName { get; }

    /// <inheritdoc/>
    public int SumCount(Parameter parameter)
    {
        bool applies = parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight
            || (IncludesBias && parameter.Role == ParameterRole.Bias);
        int groups = Grouping == Grouping.Element ? 1 : new GroupLayout(parameter, Grouping).Count;
        return applies && Strength != 0 && groups > 0 && !Ignored.Contains(parameter.Name, StringComparer.Ordinal)
            ? groups + 1
            : 0;
    }

    /// <summary>Sums A and S2 for single weights; otherwise the squared norm of each group, then S2.</summary>
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

        if (Ignored.Count > 0)
        {
            options["ignored"] = new JsonArray([.. Ignored.Select(name => (JsonNode)name)]);
        }

        return options;
    }

    /// <summary>Returns the value for given A and S2 at strength 1; 0 if S2 is zero.</summary>
    private protected abstract double UnitValue(double a, double s2);

    /// <summary>
    /// Returns a and b of the derivative <c>a φ'(n) - b n</c> with respect to a norm n; both are 0 if S2 is zero.
    /// </summary>
    private protected abstract (double A, double B) Slope(double a, double s2);

    /// <summary>φ at a norm.</summary>
    private protected virtual double Term(double norm) => norm;

    /// <summary>φ' at a norm.</summary>
    private protected virtual double TermSlope(double norm) => 1;

    /// <summary>Σφ(|w|) over single weights.</summary>
    private protected virtual double SumOfTerms(ReadOnlySpan<float> weights) => Reductions.SumOfMagnitudes(weights);

    /// <summary>Adds <c>sgn(w) (a φ'(|w|) - b |w|)</c> for each weight.</summary>
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
    /// Computes the factor of each group's weights in the gradient: the derivative with respect to the group's norm,
    /// divided by the norm.
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
