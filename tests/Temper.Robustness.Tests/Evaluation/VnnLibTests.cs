using Temper.Formats;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Evaluation;

public sealed class VnnLibTests
{
    private const string Box = "(declare-const X_0 Real)(assert (<= X_0 0.5)) ; a comment\n(assert (>= X_0 0.1))(assert (<= X_1 1))(assert (>= X_1 -1e0))";

    [Fact]
    public void A_counterexample_is_found_where_there_is_one_and_lies_in_the_box()
    {
        // y0 = x0 + x1 and y1 = 1: y0 >= 1.4 needs x0 + x1 >= 1.4, whose maximum is 1.5.
        Network network = Sum();
        VnnLibProperty property = VnnLibProperty.Parse($"{Box}(assert (or (and (>= Y_0 1.4) (>= Y_0 Y_1)) (and (<= Y_1 0.5))))", "test");
        PropertyResult found = PropertySearch.Run(new NetworkTarget(network, (0, 1)), property, 500, RandomStream.FromSeed(1));
        float[] x = found.Counterexample!.ToArray<float>();
        Assert.True(x[0] + x[1] >= 1.4f && x[0] is >= 0.1f and <= 0.5f && x[1] is >= -1 and <= 1);
        Assert.InRange(found.Gradients, 1, 500);
    }

    [Fact]
    public void Nothing_is_found_where_there_is_none_and_the_budget_holds()
    {
        VnnLibProperty property = VnnLibProperty.Parse($"{Box}(assert (>= Y_0 1.6))", "test");
        PropertyResult found = PropertySearch.Run(new NetworkTarget(Sum(), (0, 1)), property, 100, RandomStream.FromSeed(1));
        Assert.Null(found.Counterexample);
        Assert.Equal(100, found.Gradients);
    }

    [Theory]
    [InlineData("(or (and (>= Y_0 Y_1) (<= Y_2 Y_1)) (>= Y_2 Y_0))", true)]
    [InlineData("(or (>= Y_0 Y_1) (>= Y_2 0.5))", false)]
    [InlineData("(<= Y_0 0)", false)]
    public void A_property_of_the_order_of_outputs_is_known(string condition, bool isOfOrder) =>
        Assert.Equal(isOfOrder, VnnLibProperty.Parse($"{Box}(assert {condition})", "test").IsOfOrder);

    [Theory]
    [InlineData("0.1", "0.1")]
    [InlineData("0.10000000000000001", "0.10000000000000002")]
    [InlineData("-1e-46", "1e-46")]
    public void An_input_that_is_fixed_is_searched_at_the_nearest_number(string low, string high)
    {
        VnnLibProperty property = VnnLibProperty.Parse(
            $"(assert (>= X_0 {low}))(assert (<= X_0 {high}))(assert (>= X_1 0))(assert (<= X_1 1))(assert (>= Y_0 0.9))", "test");
        Assert.True(property.Low[0] <= property.High[0]);
        Assert.Equal((float)double.Parse(low, System.Globalization.CultureInfo.InvariantCulture), property.Low[0], 1e-8f);
        PropertyResult found = PropertySearch.Run(new NetworkTarget(Sum(), (0, 1)), property, 500, RandomStream.FromSeed(1));
        Assert.InRange(found.Counterexample!.ToArray<float>()[0], property.Low[0], property.High[0]);
    }

    [Fact]
    public void A_property_of_points_alone_asks_about_the_one_input()
    {
        string point = "(assert (>= X_0 0.3))(assert (<= X_0 0.3))(assert (>= X_1 0.7))(assert (<= X_1 0.7))";
        var target = new NetworkTarget(Sum(), (0, 1));
        Assert.NotNull(PropertySearch.Run(target, VnnLibProperty.Parse($"{point}(assert (>= Y_0 0.99))", "test"), 100, RandomStream.FromSeed(1)).Counterexample);
        Assert.Null(PropertySearch.Run(target, VnnLibProperty.Parse($"{point}(assert (>= Y_0 1.01))", "test"), 100, RandomStream.FromSeed(1)).Counterexample);
    }

    [Theory]
    [InlineData("(assert (<= X_0 0.1))(assert (>= X_0 0.2))(assert (>= Y_0 0))")]
    [InlineData("(assert (<= X_0 1e300))(assert (>= X_0 0))(assert (>= Y_0 0))")]
    [InlineData("(assert (<= X_0 1)")]
    [InlineData("(assert (>= X_0 1))(assert (>= Y_0 0))")]
    [InlineData("(assert (<= X_0 1))(assert (>= X_0 0))")]
    [InlineData("(assert (<= X_0 q))(assert (>= X_0 0))(assert (>= Y_0 0))")]
    [InlineData("(assert (=> Y_0 Y_1))")]
    [InlineData("hello")]
    [InlineData(")")]
    [InlineData("")]
    public void What_is_no_property_is_refused(string text) => Assert.Throws<ModelFormatException>(() => VnnLibProperty.Parse(text, "test"));

    private static Network Sum()
    {
        Network network = Network.Build(InputSpec.Features(2), x => x.Linear(2, name: "fc")).Initialize(RandomStream.FromSeed(1));
        return network.WithParameters([
            network.Parameters["fc.weight"] with { Value = Tensor.From(new float[] { 1, 1, 0, 0 }, [2, 2]) },
            network.Parameters["fc.bias"] with { Value = Tensor.From(new float[] { 0, 1 }, [2]) },
        ]);
    }

    /// <summary>Without outputs nothing was searched, which must not end like a search that found nothing.</summary>
    [Fact]
    public void Outputs_that_are_not_finite_are_no_result()
    {
        Network network = Sum();
        network = network.WithParameters([network.Parameters["fc.bias"] with { Value = Tensor.From(new float[] { float.NaN, 1 }, [2]) }]);
        VnnLibProperty property = VnnLibProperty.Parse($"{Box}(assert (>= Y_0 1.4))", "test");
        Assert.Throws<InvalidDataException>(() => PropertySearch.Run(new NetworkTarget(network, (0, 1)), property, 500, RandomStream.FromSeed(1)));
    }

    [Fact]
    public void Too_many_cases_are_refused_before_they_are_built()
    {
        string cases = string.Concat(Enumerable.Repeat("(or (>= Y_0 0) (>= Y_1 0))", 40));
        Assert.Contains("too many cases", Assert.Throws<ModelFormatException>(
            () => VnnLibProperty.Parse($"{Box}(assert (and {cases}))", "test")).Message, StringComparison.Ordinal);
    }
}
