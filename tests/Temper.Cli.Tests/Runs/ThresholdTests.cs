using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;

namespace Temper.Cli.Tests.Runs;

/// <summary>Test accuracy against the threshold of scripts.</summary>
public sealed class ThresholdTests
{
    /// <summary>In floating point, 0.57 * 100 is 56.99999999999999.</summary>
    [Theory]
    [InlineData(57, 100, "57", ExitCode.Success)]
    [InlineData(29, 100, "29", ExitCode.Success)]
    [InlineData(56, 100, "57", ExitCode.ThresholdNotMet)]
    [InlineData(56_999_999, 100_000_000, "57", ExitCode.ThresholdNotMet)]
    public void An_accuracy_equal_to_the_threshold_meets_it(int right, int count, string threshold, int expected)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = "m", ["fail-below"] = threshold };
        Assert.Equal(expected, Threshold.Check(Settings.Context(new EvalCommand(), flags, TimeProvider.System), right / (double)count));
    }

    /// <summary>As percentages, fractions would be met by any network.</summary>
    [Theory]
    [InlineData("0.99")]
    [InlineData("1")]
    public void A_fraction_is_refused(string text)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = "m", ["fail-below"] = text };
        Assert.Contains(
            $"(got '{text}', expected a percentage from 0 to 100, not a fraction: 99 for 99 %)",
            Settings.Refusal(() => Settings.Resolve(new EvalCommand(), flags)), StringComparison.Ordinal);
        flags["fail-below"] = "0";
        Assert.Equal<double?>(0, Settings.Resolve(new EvalCommand(), flags).Get(RunSettings.FailBelow));
    }
}
