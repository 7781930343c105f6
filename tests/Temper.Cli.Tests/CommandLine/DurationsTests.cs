using Temper.Cli.CommandLine;

namespace Temper.Cli.Tests.CommandLine;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("20m", 1200)]
    [InlineData("1h30m", 5400)]
    [InlineData("500ms", 0.5)]
    [InlineData("1.5h", 5400)]
    [InlineData("2d1h", 176_400)]
    [InlineData("1m0.25s", 60.25)]
    [InlineData("1s1ms", 1.001)]
    [InlineData("0h1s", 1)]
    [InlineData("365d", 31_536_000)]
    public void Duration_is_the_sum_of_its_parts(string text, double seconds) =>
        Assert.Equal(seconds, Durations.Parse(text).TotalSeconds, 1e-9);

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("20 m")]
    [InlineData("20M")]
    [InlineData("-5s")]
    [InlineData("5s1m")]
    [InlineData("5s5s")]
    [InlineData("5w")]
    [InlineData("1h30")]
    [InlineData("1.2.3s")]
    [InlineData("1e3s")]
    [InlineData("٣s")]
    [InlineData("99999999999999999999999999999999s")]
    [InlineData("366d")]
    [InlineData("0s")]
    public void Anything_else_is_refused(string text) =>
        Assert.StartsWith(Durations.Expected, Assert.Throws<FormatException>(() => Durations.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("90")]
    [InlineData("0.5")]
    public void Plain_number_is_refused_with_what_was_probably_meant(string text) =>
        Assert.EndsWith($": {text}s", Assert.Throws<FormatException>(() => Durations.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("20m")]
    [InlineData("1h30m")]
    [InlineData("1d2h3m4s5ms")]
    public void Shown_duration_is_read_again(string text) => Assert.Equal(text, Durations.Show(Durations.Parse(text)));

    [Fact]
    public void Shown_duration_is_as_short_as_can_be()
    {
        Assert.Equal("1m30s", Durations.Show(TimeSpan.FromSeconds(90)));
        Assert.Equal("0s", Durations.Show(TimeSpan.Zero));
    }
}
