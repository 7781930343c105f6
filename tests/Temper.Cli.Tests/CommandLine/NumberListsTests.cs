using System.Globalization;
using Temper.Cli.CommandLine;

namespace Temper.Cli.Tests.CommandLine;

public sealed class NumberListsTests
{
    [Theory]
    [InlineData("0.1", "0.1")]
    [InlineData("0.1,0.2", "0.1 0.2")]
    [InlineData(" 1 , -2.5e-3 ", "1 -0.0025")]
    [InlineData("1..5", "1 2 3 4 5")]
    [InlineData("0..1..0.25", "0 0.25 0.5 0.75 1")]
    [InlineData("0..1..0.1", "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1")]
    [InlineData("0..1..0.4", "0 0.4 0.8")]
    [InlineData("3..1", "3 2 1")]
    [InlineData("1..0..0.5", "1 0.5 0")]
    [InlineData("2..2", "2")]
    [InlineData("-1..1", "-1 0 1")]
    [InlineData("8,1..3,0.5", "8 1 2 3 0.5")]
    public void Values_and_ranges_are_joined(string text, string expected) =>
        Assert.Equal(expected, Text(NumberLists.Numbers(text, double.MinValue, double.MaxValue)));

    [Theory]
    [InlineData("")]
    [InlineData("1,,2")]
    [InlineData("1,")]
    [InlineData("a")]
    [InlineData("NaN")]
    [InlineData("1e999")]
    [InlineData("1..")]
    [InlineData("..5")]
    [InlineData("1...5")]
    [InlineData("1..2..3..4")]
    [InlineData("0..1..0")]
    [InlineData("0..1..-0.1")]
    [InlineData("0..1e30")]
    [InlineData("0x10")]
    [InlineData("1:5")]
    public void Anything_else_is_refused(string text) =>
        Assert.StartsWith("numbers, separated by commas", Assert.Throws<FormatException>(() => NumberLists.Numbers(text, double.MinValue, double.MaxValue)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("0..1000000")]
    [InlineData("0..1..1e-9")]
    [InlineData("1..6000,1..6000")]
    [InlineData("-1e18..1e18..1e-18")]
    public void Too_many_values_are_refused_before_they_are_made(string text) =>
        Assert.Equal("at most 10000 values", Assert.Throws<FormatException>(() => NumberLists.Numbers(text, double.MinValue, double.MaxValue)).Message);

    [Fact]
    public void Limits_hold_for_every_value_of_a_range()
    {
        Assert.Equal([0, 0.5, 1], NumberLists.Numbers("0..1..0.5", 0, 1));
        Assert.Contains("from 0 to 1", Assert.Throws<FormatException>(() => NumberLists.Numbers("0..2..0.5", 0, 1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,64", "1 64")]
    [InlineData("1..3,8..32..8", "1 2 3 8 16 24 32")]
    public void Whole_numbers_have_ranges_too(string text, string expected) => Assert.Equal(expected, Text(NumberLists.Integers(text, 1)));

    [Theory]
    [InlineData("0")]
    [InlineData("1.5")]
    [InlineData("1..2..0.5")]
    [InlineData("3000000000")]
    public void Others_are_refused_where_whole_numbers_are_wanted(string text) =>
        Assert.StartsWith("whole numbers of at least 1", Assert.Throws<FormatException>(() => NumberLists.Integers(text, 1)).Message, StringComparison.Ordinal);

    private static string Text<T>(IEnumerable<T> values)
        where T : IFormattable => string.Join(' ', values.Select(value => value.ToString(null, CultureInfo.InvariantCulture)));
}
