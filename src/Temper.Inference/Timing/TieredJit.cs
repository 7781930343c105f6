using System.Globalization;

namespace Temper.Inference.Timing;

/// <summary>
/// The time that measurements wait for optimized code. The JIT compiles methods that are called often with full
/// optimization once no new method has been called for a while: 100 ms, and ten times as long on one processor. Before,
/// generic vector code can be several hundred times slower.
/// </summary>
internal static class TieredJit
{
    private const string DelaySetting = "System.Runtime.TieredCompilation.CallCountingDelayMs";

    private const int DefaultDelay = 100, FactorOnOneProcessor = 10;

    /// <summary>Time to run work before it is measured, twice the delay on several processors.</summary>
    internal static TimeSpan WarmUp { get; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Additional time on one processor, where the delay is longer; otherwise zero.</summary>
    internal static TimeSpan Extra { get; } =
        ExtraFor(Environment.ProcessorCount, AppContext.GetData(DelaySetting) as string);

    /// <summary>Returns the additional time.</summary>
    /// <param name="processors">Number of processors of this process.</param>
    /// <param name="delay">The configured delay in milliseconds; null or not a number: the default.</param>
    internal static TimeSpan ExtraFor(int processors, string? delay)
    {
        int configured =
            int.TryParse(delay, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : DefaultDelay;
        return processors > 1 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(2.0 * FactorOnOneProcessor * configured);
    }
}
