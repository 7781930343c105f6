using System.Runtime.CompilerServices;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>Which weights of convolutions and linear layers are set to zero and masked.</summary>
/// <remarks>
/// A rule ranks units: single weights, or blocks (<see cref="Block"/>). The score of a weight is its magnitude unless
/// <see cref="Scores"/> gives others; the score of a block is the root of its mean squared score, so that thresholds
/// mean the same for any block size. Of equal scores the earlier unit goes first: same network, same mask.
/// </remarks>
/// <example><code>
/// Network lean = network.Prune(PruningRule.GlobalSparsity(0.9) with { Block = new WeightBlockShape(4, 1) }, ignore:
/// ["fc*"]);
/// </code></example>
public abstract record PruningRule
{
    private protected PruningRule()
    {
    }

    /// <summary>What goes or stays as one; single weights by default.</summary>
    public WeightBlockShape Block { get; init; } = WeightBlockShape.Single;

    /// <summary>
    /// Scores by parameter name instead of magnitudes, each zero or more and of the parameter's shape; for example
    /// |weight x gradient|. Null: magnitudes. Zero weights go whatever their score.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor>? Scores { get; init; }

    /// <summary>
    /// Units with a score below a multiple of their layer's standard deviation go (DeepHoyer's rule for small
    /// networks).
    /// </summary>
    /// <param name="ratio">The multiple, zero or more; 0.25 in the authors' script.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public static PruningRule StandardDeviations(float ratio) => new StandardDeviationRule(NotNegative(ratio));

    /// <summary>Units with a score below a threshold go (DeepHoyer's rule for large networks).</summary>
    /// <param name="threshold">Zero or more; 1e-4 in the authors' script.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public static PruningRule Absolute(float threshold) => new AbsoluteRule(NotNegative(threshold));

    /// <summary>The same fraction of every layer's weights becomes zero.</summary>
    /// <param name="zeros">Fraction of the weights, 0 to 1; those that are zero already count.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not within 0 and 1.</exception>
    public static PruningRule LayerSparsity(double zeros) => new SparsityRule(Fraction(zeros), IsGlobal: false);

    /// <summary>A fraction of all weights becomes zero; all layers compete by their scores.</summary>
    /// <param name="zeros">Fraction of the weights, 0 to 1; those that are zero already count.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not within 0 and 1.</exception>
    public static PruningRule GlobalSparsity(double zeros) => new SparsityRule(Fraction(zeros), IsGlobal: true);

    /// <summary>
    /// Units go until a pass of one sample needs at most this many multiply-accumulates with weights that are not zero
    /// (<see cref="Networks.NetworkCost.NonzeroMacs"/>). All layers compete by squared score for each
    /// multiply-accumulate saved.
    /// </summary>
    /// <param name="macs">
    /// Multiply-accumulates, zero or more. <c>Prune</c> refuses a target that the layers it may prune cannot reach.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public static PruningRule TargetMacs(long macs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(macs);
        return new TargetMacsRule(macs);
    }

    /// <summary>
    /// As few weights go as bring the network down to a time: all layers compete by their scores. Zeros save time only
    /// where what runs the network leaves them out.
    /// </summary>
    /// <param name="milliseconds">
    /// Above zero. <c>Prune</c> refuses a time that the network without the weights it may prune does not reach.
    /// </param>
    /// <param name="measure">
    /// Gives the milliseconds of a network, such as <c>n => NetworkTiming.Milliseconds([n], 1)[0]</c>; asked about ten
    /// times.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">It is not above zero.</exception>
    public static PruningRule TargetMilliseconds(double milliseconds, Func<Networks.Network, double> measure)
    {
        ArgumentNullException.ThrowIfNull(measure);
        return milliseconds > 0 && double.IsFinite(milliseconds)
            ? new TargetTimeRule(milliseconds, measure)
            : throw new ArgumentOutOfRangeException(
                nameof(milliseconds), $"PruningRule: milliseconds must be above zero (got {milliseconds})");
    }

    /// <summary>
    /// N:M sparsity: of every M consecutive inputs of an output, at the same kernel position, the N units of the
    /// highest scores stay.
    /// </summary>
    /// <param name="kept">N, 0 to M.</param>
    /// <param name="of">M, 1 or more; the last inputs of a layer may be fewer, and at most N of them stay.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static PruningRule Pattern(int kept, int of)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(of, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(kept);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kept, of);
        return new PatternRule(kept, of);
    }

    /// <summary>Marks the units that go.</summary>
    internal abstract void Apply(PrunedNetwork network);

    private static float NotNegative(float value, [CallerArgumentExpression(nameof(value))] string? name = null) =>
        value >= 0 && float.IsFinite(value)
            ? value
            : throw new ArgumentOutOfRangeException(name, $"PruningRule: {name} must be zero or more (got {value})");

    private static double Fraction(double value, [CallerArgumentExpression(nameof(value))] string? name = null) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(
            name, $"PruningRule: {name} is a fraction (got {value}, expected 0 to 1)");
}

/// <summary>
/// A block of weights, which lie as a matrix of outputs (axis 0) by inputs and kernel positions (all other axes,
/// row-major). Blocks at the edges may be smaller.
/// </summary>
public readonly record struct WeightBlockShape
{
    /// <summary>A block of rows by columns.</summary>
    /// <param name="rows">Consecutive outputs, 1 or more.</param>
    /// <param name="columns">Consecutive inputs and kernel positions, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is less than 1.</exception>
    public WeightBlockShape(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        (Rows, Columns) = (rows, columns);
    }

    /// <summary>A single weight.</summary>
    public static WeightBlockShape Single { get; } = new(1, 1);

    /// <summary>
    /// Four outputs at one input and kernel position: the blocks that compiled inference runs fastest.
    /// </summary>
    public static WeightBlockShape FourOutputs { get; } = new(4, 1);

    /// <summary>Consecutive outputs.</summary>
    public int Rows { get; }

    /// <summary>Consecutive inputs and kernel positions.</summary>
    public int Columns { get; }

    /// <summary>Rows x columns.</summary>
    public override string ToString() => $"{Rows}x{Columns}";
}
