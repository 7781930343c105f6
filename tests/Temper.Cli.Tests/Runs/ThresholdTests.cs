using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;

namespace Temper.Cli.Tests.Runs;

/// <summary><c>--fail-below</c> takes percent, accuracies are fractions.</summary>
public sealed class ThresholdTests
{
    /// <summary>In binary arithmetic 0.57 times 100 is less than 57.</summary>
    [Theory]
    [InlineData(57, 100, "57", ExitCode.Success)]
    [InlineData(29, 100, "29", ExitCode.Success)]
    [InlineData(115, 200, "57.5", ExitCode.Success)]
    [InlineData(0, 10, "0", ExitCode.Success)]
    [InlineData(10, 10, "100", ExitCode.Success)]
    [InlineData(56, 100, "57", ExitCode.ThresholdNotMet)]
    [InlineData(999_999, 1_000_000, "100", ExitCode.ThresholdNotMet)]
    public void An_accuracy_that_equals_the_threshold_meets_it(int right, int count, string percent, int code) =>
        Assert.Equal(code, Threshold.Check(Given(percent), (double)right / count));

    [Fact]
    public void An_accuracy_that_is_not_a_number_does_not() =>
        Assert.Equal(ExitCode.ThresholdNotMet, Threshold.Check(Given("0"), double.NaN));

    private static CommandContext Given(string percent) => Settings.Context(
        new EvalCommand(), new Dictionary<string, string>(StringComparer.Ordinal) { ["fail-below"] = percent }, TimeProvider.System);
}
