using System.Globalization;

namespace Temper.Privacy.Morphing;

/// <summary>Sizes of a secret map: the pictures it takes and the number of its cores.</summary>
/// <param name="Channels">Channels of a picture, alpha in the paper.</param>
/// <param name="Height">Height of a picture in pixels.</param>
/// <param name="Width">Width of a picture in pixels.</param>
public sealed record MorphMap(int Channels, int Height, int Width)
{
    /// <summary>
    /// Number of diagonal blocks (cores), kappa in the paper; must divide channels x height x width. Default 1, as in
    /// the authors' code.
    /// </summary>
    public int Cores { get; init; } = 1;

    /// <summary>
    /// True: the same core is repeated, as in the authors' code; false (default): each core is drawn independently.
    /// </summary>
    public bool IsRepeated { get; init; }

    /// <summary>
    /// True: the map is a product of secret permutations, secret signs and Walsh-Hadamard transforms instead of dense
    /// cores. It takes O(d log d) operations per picture and little memory, so pictures may be large. It hides no more
    /// than a dense map.
    /// </summary>
    public bool IsStructured { get; init; }

    /// <summary>Number of values in a picture, d = channels x height x width.</summary>
    public int Inputs => checked(Channels * Height * Width);

    /// <summary>Rows and columns of a core, q = d / kappa.</summary>
    public int CoreSide => Inputs / Cores;

    /// <summary>Number of cores to draw: 1 if repeated, 0 if the map is structured.</summary>
    public int DrawnCores => IsStructured ? 0 : IsRepeated ? 1 : Cores;

    /// <summary>
    /// Multiply-accumulates to morph one picture: d q with cores; d (1 + log2 d) per round for a structured map.
    /// </summary>
    public long Macs => IsStructured
        ? (long)HadamardMap.Rounds * Inputs * (1 + System.Numerics.BitOperations.Log2((uint)Inputs))
        : (long)Inputs * CoreSide;

    /// <summary>Maximum number of rows of a core; the matrix of such a core has 1.6 GB.</summary>
    internal const int MaxCoreSide = 20_000;

    /// <summary>Validates the sizes and returns this object.</summary>
    /// <exception cref="ArgumentException">
    /// A size is not positive, the number of cores does not divide the picture, a core is too large, or a structured
    /// map has cores.
    /// </exception>
    internal MorphMap Checked()
    {
        if (Channels < 1 || Height < 1 || Width < 1 || Cores < 1 || (long)Channels * Height * Width > int.MaxValue)
        {
            throw new ArgumentException($"morph: the sizes are not valid (got {Channels}x{Height}x{Width} in {Cores} "
                + "cores, expected positive sizes)");
        }

        if (IsStructured)
        {
            return Cores == 1 && !IsRepeated ? this : throw new ArgumentException(
                $"morph: a structured map has no cores (got {Cores}{(IsRepeated ? ", repeated" : "")}); omit --cores "
                + "and --repeated, or omit --structured");
        }

        if (Inputs % Cores != 0)
        {
            throw new ArgumentException(
                $"morph: the number of cores does not divide the size of a picture (got {Inputs} values, {Cores} "
                    + $"cores); use a divisor such as {Channels} or {Channels * Height}");
        }

        return CoreSide <= MaxCoreSide ? this : throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture,
            $"morph: a core is too large (got {CoreSide} rows, {(long)CoreSide * CoreSide * 4 / 1_000_000:N0} MB, "
            + $"expected at most {MaxCoreSide}); use more cores, such as {Channels * Height}, or a structured map"));
    }
}
