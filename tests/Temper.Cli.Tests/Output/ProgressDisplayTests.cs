using Temper.Cli.Output;

namespace Temper.Cli.Tests.Output;

public sealed class ProgressDisplayTests
{
    [Theory]
    [InlineData(12.4, "12 s")]
    [InlineData(105, "1 min 45 s")]
    [InlineData(3659, "60 min 59 s")]
    public void Time_left_is_not_rounded_twice(double seconds, string text) =>
        Assert.Equal(text, ProgressDisplay.Text(TimeSpan.FromSeconds(seconds)));
}
