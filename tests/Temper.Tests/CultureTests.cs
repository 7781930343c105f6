using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;
using Temper.Testing;
using Temper.Wording;

namespace Temper.Tests;

/// <summary>Texts of networks, tensors and options are the same in every culture.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Culture_of_these_tests_has_a_comma()
    {
        using var commas = new CommaCulture();
        Assert.Equal("~1.234,5 and 12,5 %", $"{-1234.5:N1} and {0.125:P1}");
    }

    [Fact]
    public void Tables_of_networks_group_digits_by_commas()
    {
        using var commas = new CommaCulture();

        // 40 x 40 weights, and 40 biases.
        string table = Network.Build(InputSpec.Features(40), x => x.Linear(40)).ToString();
        Assert.Contains(" 1,640 ", table, StringComparison.Ordinal);
        Assert.Contains(" 1,600 ", table, StringComparison.Ordinal);
        Assert.DoesNotContain("1.6", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_have_a_noun_that_agrees()
    {
        using var commas = new CommaCulture();
        Assert.Equal(["0 threads", "1 thread", "2 threads", "1,000 threads"], new[] { 0, 1, 2, 1000 }.Select(count => Plural.Of(count, "thread")));
    }

    [Fact]
    public void Tensors_and_initializers_have_decimal_points()
    {
        using var commas = new CommaCulture();
        Assert.Contains("{1.5, -2.5}", Tensor.From([1.5f, -2.5f], [2]).ToString(), StringComparison.Ordinal);
        Assert.Contains("{1, -2}", Tensor.From([1L, -2], [2]).ToString(), StringComparison.Ordinal);
        Assert.Equal("constant(-0.5)", new Constant(-0.5f).Name);
    }

    [Fact]
    public void Attributes_have_decimal_points()
    {
        using var commas = new CommaCulture();
        var attributes = OperatorAttributes.Empty.With("ratio", -0.5f).With("scales", new[] { 1.5f, 2 });
        Assert.Equal(-0.5f, attributes.Float("ratio"));
        Assert.Contains("got -0.5,", Message<FormatException>(() => attributes.Text("ratio")), StringComparison.Ordinal);
        Assert.Contains("got [1.5, 2],", Message<FormatException>(() => attributes.Text("scales")), StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_have_decimal_points()
    {
        using var commas = new CommaCulture();
        Assert.Contains("got 1.5,", Message<ArgumentOutOfRangeException>(() => new Sgd { Momentum = 1.5f }.Validate()), StringComparison.Ordinal);
        Assert.Contains("got 1.5,", Message<ArgumentOutOfRangeException>(() => new WeightAverage { Decay = 1.5f }.Validate()), StringComparison.Ordinal);
        Assert.Contains("got -0.5,", Message<ArgumentOutOfRangeException>(() => new GradientClipping { MaxNorm = -0.5f }.Validate()), StringComparison.Ordinal);
        Assert.Contains("got p = 1.5,", Message<ArgumentOutOfRangeException>(() => Tensor.From([1f], [1]).Norm(1.5f)), StringComparison.Ordinal);
        var clip = OperatorAttributes.Empty.With("min", 1.5f).With("max", 0.5f);
        Assert.Contains(
            "got 1.5, expected at most 0.5", Message<FormatException>(() => OperatorRegistry.Create(new OperatorDescription("Clip", clip))), StringComparison.Ordinal);
    }

    private static string Message<TError>(Action wrong)
        where TError : Exception => Assert.Throws<TError>(wrong).Message;
}
