using Temper.Cli.CommandLine;
using Temper.Cli.Output;

namespace Temper.Cli.Runs;

/// <summary>Checks the test accuracy against <c>--fail-below</c>.</summary>
internal static class Threshold
{
    /// <summary>
    /// Percentage points; 57 of 100 samples are 0.57, which times 100 is a little less than 57 in binary arithmetic.
    /// </summary>
    private const double Rounding = 1e-9;

    internal static int Check(CommandContext context, double? accuracy)
    {
        if (context.Get(RunSettings.FailBelow) is not { } min || accuracy * 100 >= min - Rounding)
        {
            return ExitCode.Success;
        }

        Terminal.Error($"test accuracy is below the threshold (got {accuracy * 100:F2} %, expected at least {min} %)");
        return ExitCode.ThresholdNotMet;
    }
}
