namespace Temper.Privacy.Morphing;

/// <summary>
/// A figure stated in the paper, or one it compares with, and the calculation that yields it. Derived, not measured.
/// </summary>
/// <param name="Claim">The stated figure.</param>
/// <param name="Formula">The calculation that matches it, or the closest one if none does.</param>
/// <param name="Value">Result of the calculation.</param>
/// <param name="Remark">How well it matches, and what it leaves out.</param>
public sealed record PaperFigure(string Claim, string Formula, double Value, string Remark)
{
    /// <summary>False if no calculation gives the stated figure.</summary>
    internal bool IsMatched { get; init; } = true;
}

/// <summary>
/// The figures in MoLe's abstracts for VGG-16 with pictures of CIFAR's size, each computed from sizes only.
/// </summary>
public static class PaperFigures
{
    private const long Inputs = 3 * 32 * 32;
    private const long Features = 64 * 32 * 32;
    private const long Rows = 60_000;
    private const long Vgg16Macs = 313_201_664;
    private const long FirstConvolution = 27 * Features;

    /// <summary>All figures.</summary>
    public static IReadOnlyList<PaperFigure> All { get; } =
    [
        new(
            "success rate 7.9e-90", "1 / 64!", 1 / Enumerable.Range(1, 64).Aggregate(1.0, (product, i) => product * i),
            "probability of guessing the channel order; attack A computes the order instead of guessing"),
        new(
            "traffic 5.12 %", "d / N = 3072 / 60000", (double)Inputs / Rows,
            "one d x d matrix over N rows; the layer that is actually sent has d x F numbers"),
        new(
            "computation 9 %", "3 d² / MACs(VGG-16) = 3 x 3072² / 313.2 M", 3.0 * Inputs * Inputs / Vgg16Macs,
            "matches, but the reason for the factor 3 is unknown"),
        new(
            "computation 5 % (version 1)", "(d q + stored numbers of 96 cores - first convolution) / MACs(VGG-16)",
            Cores96Overhead,
            "the block-sparse layer of 96 cores"),
        new(
            "traffic 10 % (version 1)", "stored numbers of 96 cores / (N d)", Cores96 / ((double)Rows * Inputs),
            "the block-sparse layer of 96 cores"),
        new(
            "not stated: computation of the default", "(d² + d F - first convolution) / MACs(VGG-16)",
            (double)((Inputs * Inputs) + (Inputs * Features) - FirstConvolution) / Vgg16Macs,
            "cost of one core, owner and trainer"),
        new(
            "not stated: traffic of the default", "d F / (N d)", (double)Features / Rows,
            "additional numbers to send with one core"),
        new(
            "421,000 times less traffic than GAZELLE", "1236 MiB / 3072 bytes", 1236.0 * 1024 * 1024 / Inputs,
            "GAZELLE's bytes for one picture divided by the bytes of a raw picture; GAZELLE's figure was not verified"),
        new(
            "10,000 times less computation than GAZELLE", "12.9 s / 1.3 ms", 12.9 / 1.3e-3,
            "order of magnitude only; GAZELLE's time was not verified"),
        new(
            "GAZELLE's 2.9e-30", "2^-128", Math.Pow(2, -128),
            "128-bit security is 2.9e-39, so the exponent in the abstract is most likely a misprint")
        {
            IsMatched = false,
        },
    ];

    /// <summary>
    /// Numbers in the layer of 96 cores: in each channel, an output row reads three of the 32 picture rows, or two at
    /// the edges.
    /// </summary>
    private static long Cores96 => 32L * (32 * 64) * 3 * ((30 * 3) + (2 * 2));

    private static double Cores96Overhead => ((double)(Inputs * 32) + Cores96 - FirstConvolution) / Vgg16Macs;
}
