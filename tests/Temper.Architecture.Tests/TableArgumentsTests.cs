using Temper.Experiments;

namespace Temper.Architecture.Tests;

/// <summary>The argument reader of bench/Temper.Experiments, whose source file is compiled into this project.</summary>
public sealed class TableArgumentsTests
{
    [Theory]
    [InlineData("regularise=60", "growth: unknown argument (got 'regularise', expected one of seeds, rate, rows, function, widths)")]
    [InlineData("Seeds=3", "growth: unknown argument (got 'Seeds', expected one of seeds, rate, rows, function, widths)")]
    [InlineData("seeds", "growth: an argument has no value (got 'seeds', expected name=value)")]
    [InlineData("rate=0.1 rate=0.2", "growth: an argument is given twice (got 'rate', expected each name once)")]
    public void An_argument_that_the_table_does_not_know_is_refused(string arguments, string message) =>
        Assert.Equal(message, Assert.Throws<TableArgumentException>(() => Read(arguments)).Message);

    [Theory]
    [InlineData("seeds=three")]
    [InlineData("seeds=2.5")]
    [InlineData("seeds=-1")]
    [InlineData("seeds=3000000000")]
    [InlineData("seeds=")]
    public void A_count_that_is_no_whole_number_is_refused(string argument)
    {
        string value = argument.Split('=')[1];
        Assert.Equal(
            $"growth: seeds is not a whole number (got '{value}', expected 0 to 2147483647)",
            Assert.Throws<TableArgumentException>(() => Read(argument).Count("seeds", 1)).Message);
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("0,1")]
    [InlineData("NaN")]
    [InlineData("1e999")]
    public void A_number_that_is_none_is_refused(string value) =>
        Assert.Equal(
            $"growth: rate is not a number (got '{value}', expected one such as 0.5 or 1e-3)",
            Assert.Throws<TableArgumentException>(() => Read($"rate={value}").Real("rate", 1)).Message);

    [Fact]
    public void A_word_that_is_not_offered_is_refused() =>
        Assert.Equal(
            "growth: unknown function (got 'rleu', expected one of relu, leaky, tanh)",
            Assert.Throws<TableArgumentException>(() => Read("function=rleu").Choice("function", "relu", "leaky", "tanh")).Message);

    [Fact]
    public void A_bad_number_in_a_list_is_refused()
    {
        Assert.Throws<TableArgumentException>(() => Read("widths=8,x,32").Counts("widths", "1"));
        Assert.Throws<TableArgumentException>(() => Read("widths=8,x,32").Reals("widths", "1"));
        Assert.Throws<TableArgumentException>(() => Read("widths=8,x,32").RealsText("widths", "1"));
    }

    [Fact]
    public void Values_are_those_given()
    {
        TableArguments given = Read("seeds=1e4 rate=1e-3 rows=a,b=c,,d function=tanh widths=8,16,32");
        Assert.Equal(10_000, given.Count("seeds", 1));
        Assert.True(given.Flag("seeds", defaultValue: false));
        Assert.Equal(0.001, given.Real("rate", 1));
        Assert.Equal("a;b=c;d", string.Join(';', given.List("rows", "")));
        Assert.Equal("tanh", given.Choice("function", "relu", "leaky", "tanh"));
        Assert.Equal(88, given.Counts("widths", "1").Sum() + given.Reals("widths", "1")[2]);
        Assert.Equal("8,16,32", given.RealsText("widths", "1"));
        Assert.True(given.Has("rows"));
        Assert.True(given.Wants("rows", "a"));
        Assert.False(given.Wants("rows", "e"));
    }

    [Fact]
    public void What_is_not_given_has_its_default()
    {
        TableArguments given = Read("");
        Assert.Equal(3, given.Count("seeds", 3));
        Assert.True(given.Flag("seeds", defaultValue: true));
        Assert.Equal(0.5, given.Real("rate", 0.5));
        Assert.Equal("relu", given.Choice("function", "relu", "tanh"));
        Assert.Equal("basic3", given.Text("rows", "basic3"));
        Assert.Empty(given.List("rows", ""));
        Assert.False(given.Has("rows"));
        Assert.True(given.Wants("rows", "any"));
    }

    [Fact]
    public void A_name_that_is_read_but_not_listed_is_an_error_of_the_table() =>
        Assert.Throws<InvalidOperationException>(() => Read("").Count("epochs", 1));

    /// <param name="arguments">Arguments separated by spaces.</param>
    private static TableArguments Read(string arguments) => new(
        "growth", arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), "seeds", "rate", "rows", "function", "widths");
}
