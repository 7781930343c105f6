using System.Globalization;
using System.Runtime.CompilerServices;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>A rule that selects which weights of convolutions and linear layers are set to zero and masked.</summary>
/// <remarks>
/// A rule ranks units: single weights, or blocks (<see cref="Block"/>). The score of a weight is its magnitude, unless
/// <see cref="Scores"/> gives other scores. The score of a block is the root mean square of its weights' scores, so
/// that thresholds have the same meaning for any block size. Of equal scores the unit with the lower index is pruned
/// first, so the same network always gets the same mask.
/// </remarks>
/// <example><code>
/// Network lean = network.Prune(
///     PruningRule.GlobalSparsity(0.9) with { Block = WeightBlockShape.FourOutputs }, ignore: ["fc*"]);
/// </code></example>
public abstract record PruningRule
{
    private protected PruningRule()
    {
    }

    /// <summary>Shape of the units that are pruned or kept as a whole; single weights by default.</summary>
    public WeightBlockShape Block { get; init; } = WeightBlockShape.Single;

    /// <summary>
    /// Scores by parameter name that replace magnitudes, 0 or more and of the parameter's shape; for example |weight x
    /// gradient|. Null: magnitudes. Zero weights are pruned whatever their score.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor>? Scores { get; init; }

    /// <summary>
    /// Prunes units with a score below a multiple of their layer's standard deviation (DeepHoyer's rule for small
    /// networks).
    /// </summary>
    /// <param name="ratio">The multiple, 0 or more; 0.25 in the authors' script.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="ratio"/> is negative or not finite.</exception>
    public static PruningRule StandardDeviations(float ratio) => new StandardDeviationRule(NotNegative(ratio));

    /// <summary>Prunes units with a score below a threshold (DeepHoyer's rule for large networks).</summary>
    /// <param name="threshold">The threshold, 0 or more; 1e-4 in the authors' script.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="threshold"/> is negative or not finite.
    /// </exception>
    public static PruningRule Absolute(float threshold) => new AbsoluteRule(NotNegative(threshold));

    /// <summary>Sets the same fraction of every layer's weights to zero.</summary>
    /// <param name="sparsity">Fraction of zeros, 0 to 1; weights that are zero already count.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sparsity"/> is not between 0 and 1.</exception>
    public static PruningRule LayerSparsity(double sparsity) => new SparsityRule(Fraction(sparsity), IsGlobal: false);

    /// <summary>
    /// Sets a fraction of all weights to zero; units of all layers are ranked together by their scores.
    /// </summary>
    /// <param name="sparsity">Fraction of zeros, 0 to 1; weights that are zero already count.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sparsity"/> is not between 0 and 1.</exception>
    public static PruningRule GlobalSparsity(double sparsity) => new SparsityRule(Fraction(sparsity), IsGlobal: true);

    /// <summary>
    /// Prunes units until a forward pass of one sample needs at most a number of multiply-accumulates with nonzero
    /// weights (<see cref="Networks.NetworkCost.NonzeroMacs"/>). Units of all layers are ranked together by squared
    /// score per multiply-accumulate saved.
    /// </summary>
    /// <param name="macs">
    /// Maximum number of multiply-accumulates, 0 or more. <c>Prune</c> throws if pruning all allowed layers does not
    /// reach it.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="macs"/> is negative.</exception>
    public static PruningRule TargetMacs(long macs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(macs);
        return new TargetMacsRule(macs);
    }

    /// <summary>
    /// Prunes as few weights as necessary to reach a time; units of all layers are ranked together by their scores.
    /// Zeros save time only if the runtime skips them.
    /// </summary>
    /// <param name="milliseconds">
    /// Maximum time in milliseconds, above 0. <c>Prune</c> throws if pruning all allowed layers does not reach it.
    /// </param>
    /// <param name="measure">
    /// Returns the time of a network in milliseconds, such as <c>n => NetworkTiming.Milliseconds([n], 1)[0]</c>; called
    /// about ten times.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="milliseconds"/> is not above 0 or not finite.
    /// </exception>
    public static PruningRule TargetMilliseconds(double milliseconds, Func<Networks.Network, double> measure)
    {
        ArgumentNullException.ThrowIfNull(measure);
        return milliseconds > 0 && double.IsFinite(milliseconds)
            ? new TargetTimeRule(milliseconds, measure)
            : throw new ArgumentOutOfRangeException(nameof(milliseconds), string.Create(
                CultureInfo.InvariantCulture, $"PruningRule: milliseconds must be above zero (got {milliseconds})"));
    }

    /// <summary>
    /// N:M sparsity: of every M consecutive inputs of an output, at the same kernel position, keeps the N units with
    /// the highest scores.
    /// </summary>
    /// <param name="kept">N, 0 to M.</param>
    /// <param name="of">
    /// M, 1 or more. The last group of a layer may have fewer inputs; at most N of them are kept.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static PruningRule Pattern(int kept, int of)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(of, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(kept);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kept, of);
        return new PatternRule(kept, of);
    }

    /// <summary>Marks the units to prune.</summary>
    internal abstract void Apply(PrunedNetwork network);

    private static float NotNegative(float value, [CallerArgumentExpression(nameof(value))] string? name = null) =>
        value >= 0 && float.IsFinite(value)
            ? value
            : throw new ArgumentOutOfRangeException(name, string.Create(
                CultureInfo.InvariantCulture, $"PruningRule: {name} must be zero or more (got {value})"));

    private static double Fraction(double value, [CallerArgumentExpression(nameof(value))] string? name = null) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(name, string.Create(
            CultureInfo.InvariantCulture, $"PruningRule: {name} is a fraction (got {value}, expected 0 to 1)"));
}

/// <summary>
/// Size of a block of weights. The weights are a matrix of outputs (axis 0) x inputs and kernel positions (all other
/// axes, row-major). Blocks at the edges may be smaller.
/// </summary>
/// <remarks>The default value is <see cref="Single"/>.</remarks>
public readonly record struct WeightBlockShape
{
    // Counted beyond one, so that the default value is a single weight.
    private readonly int _moreRows;
    private readonly int _moreColumns;

    /// <summary>Creates a block size.</summary>
    /// <param name="rows">Number of consecutive outputs, 1 or more.</param>
    /// <param name="columns">Number of consecutive inputs and kernel positions, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is less than 1.</exception>
    public WeightBlockShape(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        (_moreRows, _moreColumns) = (rows - 1, columns - 1);
    }

    /// <summary>A single weight.</summary>
    public static WeightBlockShape Single => default;

    /// <summary>
    /// Four outputs at one input and kernel position: the block shape with the fastest kernels in compiled inference.
    /// </summary>
    public static WeightBlockShape FourOutputs { get; } = new(4, 1);

    /// <summary>Number of consecutive outputs.</summary>
    public int Rows => _moreRows + 1;

    /// <summary>Number of consecutive inputs and kernel positions.</summary>
    public int Columns => _moreColumns + 1;

    /// <summary>Returns the size as rows x columns, such as <c>4x1</c>.</summary>
    public override string ToString() => $"{Rows}x{Columns}";
}
