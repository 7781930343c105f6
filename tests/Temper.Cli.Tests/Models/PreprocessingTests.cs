using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Hardening;
using Temper.Cli.Models;
using Temper.Cli.Tests.Support;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Tests.Models;

/// <summary>Preprocessing, also of networks whose input is no picture.</summary>
public sealed class PreprocessingTests
{
    private static readonly Network Features = Network.Build(InputSpec.Features(4), x => x.Linear(3));

    [Fact]
    public void Bounds_are_stored_for_inputs_of_any_rank()
    {
        foreach (Shape? sample in (Shape?[])[[4], null])
        {
            Network network = Preprocessing.Apply(Given(("bounds", "0,255")), Features, sample);
            Assert.Equal(Features.Inputs[0] with { Minimum = 0, Maximum = 255 }, Assert.Single(network.Inputs));
            Assert.Equal(Features.Nodes.Count, network.Nodes.Count);
            HardeningRun.RequireTarget(Given(), network);
        }

        Assert.StartsWith("--bounds: is missing", Settings.Refusal(() => HardeningRun.RequireTarget(Given(), Features)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("scale", "255", 4, "preprocessing other than --bounds needs pictures (got samples of [4], expected [C, H, W])")]
    [InlineData("bounds", "0,1", 5, "samples do not fit the network (got [5], expected [4]); choose data of that shape")]
    public void What_needs_pictures_is_refused_for_features(string name, string value, int features, string why) =>
        Assert.Equal(why, Settings.Refusal(() => Preprocessing.Apply(Given((name, value)), Features, [features])));

    [Fact]
    public void Each_class_has_a_name()
    {
        Assert.Equal(["a", "b", "c"], Preprocessing.Apply(Given(("classes", "a,b,c")), Features, [4]).ClassNames);
        Assert.Equal(
            "--classes: the network has another number of classes (got 2 names, expected 3); give one name per class, in order",
            Settings.Refusal(() => Preprocessing.Apply(Given(("classes", "a,b")), Features, [4])));
    }

    private static CommandContext Given(params (string Name, string Text)[] given) =>
        Settings.Context(new HardenCommand(), given.ToDictionary(one => one.Name, one => one.Text, StringComparer.Ordinal), TimeProvider.System);
}
