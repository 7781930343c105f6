namespace Temper.Privacy.Morphing;

/// <summary>Sizes of a secret map: which pictures it takes, and in how many cores it is cut.</summary>
/// <param name="Channels">Channels of a picture, alpha in the paper.</param>
/// <param name="Height">Rows of a picture.</param>
/// <param name="Width">Pixels per row.</param>
public sealed record MorphMap(int Channels, int Height, int Width)
{
    /// <summary>
    /// Number of cores on the diagonal, kappa in the paper; divides the numbers of a picture. Default 1, as in the
    /// authors' code.
    /// </summary>
    public int Cores { get; init; } = 1;

    /// <summary>
    /// Whether all cores are the same one, as in the authors' code; else each is drawn for itself (the default).
    /// </summary>
    public bool IsRepeated { get; init; }

    /// <summary>
    /// Whether the map is a product of secret orders, signs and Walsh-Hadamard transforms instead of dense cores: it
    /// takes d log d operations and next to no memory, so pictures may be large. It hides no more than a dense map
    /// does.
    /// </summary>
    public bool IsStructured { get; init; }

    /// <summary>Numbers of a picture, d.</summary>
    public int Inputs => checked(Channels * Height * Width);

    /// <summary>Rows of a core, q = d / kappa.</summary>
    public int CoreSide => Inputs / Cores;

    /// <summary>Cores that are drawn: one if it is repeated, none if the map is structured.</summary>
    public int DrawnCores => IsStructured ? 0 : IsRepeated ? 1 : Cores;

    /// <summary>
    /// Multiply-accumulates to morph one picture: d q, or for a structured map a step for each number, round and
    /// doubling.
    /// </summary>
    public long Macs => IsStructured
        ? (long)HadamardMap.Rounds * Inputs * (1 + System.Numerics.BitOperations.Log2((uint)Inputs))
        : (long)Inputs * CoreSide;

    /// <summary>Maximum number of values in a picture: the matrix of one core would have 1.6 GB.</summary>
    internal const int MaxCoreSide = 20_000;

    /// <summary>Throws where the sizes are none.</summary>
    /// <exception cref="ArgumentException">
    /// A size is not positive, the cores do not divide the picture, or a core would be too large.
    /// </exception>
    internal MorphMap Checked()
    {
        if (Channels < 1 || Height < 1 || Width < 1 || Cores < 1 || (long)Channels * Height * Width > int.MaxValue)
        {
            throw new ArgumentException($"morph: sizes do not fit (got {Channels}x{Height}x{Width} in {Cores} cores, "
                + "expected positive numbers)");
        }

        if (IsStructured)
        {
            return Cores == 1 && !IsRepeated ? this : throw new ArgumentException(
                $"morph: a structured map has no cores (got {Cores}{(IsRepeated ? ", repeated" : "")}); leave --cores "
                + "and --repeated out, or --structured");
        }

        if (Inputs % Cores != 0)
        {
            throw new ArgumentException(
                $"morph: the cores do not divide a picture (got {Inputs} numbers in {Cores} cores); choose a divisor "
                + $"such as {Channels} or {Channels * Height}");
        }

        return CoreSide <= MaxCoreSide ? this : throw new ArgumentException(
            $"morph: a core is too large (got {CoreSide} rows, {(long)CoreSide * CoreSide * 4 / 1_000_000:N0} MB, "
            + $"expected at most {MaxCoreSide}); use more cores, such as {Channels * Height}, or a structured map");
    }
}
