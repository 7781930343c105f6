using System.Globalization;

namespace Temper.Testing;

/// <summary>Tests that try many random inputs; <c>./test --fuzz</c> asks for more of them.</summary>
public static class FuzzTests
{
    /// <summary>
    /// Number of damaged files per reader in TEMPER_FUZZ, which <c>./test --fuzz</c> sets; null if it is not set to a
    /// number.
    /// </summary>
    internal static int? Inputs =>
        int.TryParse(
            Environment.GetEnvironmentVariable("TEMPER_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture,
            out int count)
            ? count
            : null;

    /// <summary>Returns the number of random networks that a test tries.</summary>
    /// <param name="usual">Number in the default run.</param>
    /// <param name="fuzz">Number with <c>./test --fuzz</c>.</param>
    public static int Networks(int usual, int fuzz) => Inputs is null ? usual : fuzz;
}
