using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Data;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Randomness;
using Temper.Testing.Edits;

namespace Temper.Cli.Tests.Runs;

/// <summary>Messages about data that do not fit the network name only options that the command has.</summary>
public sealed class DataChecksTests
{
    private static readonly Dataset FourClasses = SyntheticShapes.Draw(40, 4, 12, channels: 1, RandomStream.FromSeed(1));

    private static readonly Network ThreeOutputs = Network.Build(InputSpec.Image(1, 12, 12), x => x.Flatten().Linear(3));

    [Fact]
    public void Only_train_offers_to_replace_the_head()
    {
        Assert.Contains("--replace-head trains new outputs", Refusal(new TrainCommand()), StringComparison.Ordinal);
        foreach (ToolCommand command in (ToolCommand[])[new PruneCommand(), new CompressCommand(), new HardenCommand()])
        {
            Assert.DoesNotContain("--replace-head", Refusal(command), StringComparison.Ordinal);
        }

        string measured = Assert.Throws<ToolException>(() => DataChecks.RequireLabels(ThreeOutputs, FourClasses, "test")).Message;
        Assert.Contains("expected 0 to 2); use data with the network's classes", measured, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 4, null)]
    [InlineData(1, 4, "all training samples have the same class, disk: the network cannot learn to distinguish classes")]
    [InlineData(3, 3, "no training sample has the class cross: the network cannot learn it")]
    [InlineData(2, 4, "no training sample has the classes ring, cross, but test samples have: the network cannot learn them")]
    public void Classes_that_cannot_be_learned_are_named(int trained, int tested, string? expected)
    {
        int[] Of(int classes) => [.. Enumerable.Range(0, FourClasses.Count).Where(i => FourClasses.Label(i) < classes)];
        Assert.Equal(expected, DataChecks.ClassWarning(new DataSets(FourClasses.Subset(Of(trained)), FourClasses.Subset(Of(tested)))));
    }

    /// <summary>Names of parameters in a file from elsewhere say nothing about the layer.</summary>
    [Fact]
    public void Layers_are_frozen_by_their_own_name_or_that_of_a_parameter()
    {
        Network network = OutsideNames.Of(Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "first").Relu().Linear(3, name: "second")));
        Assert.Equal([false, false, true, true], TrainCommand.Frozen(network, "net.onnx", ["first"]).Parameters.Select(parameter => parameter.IsTrainable));
        Assert.Equal([true, true, false, true], TrainCommand.Frozen(network, "net.onnx", ["W2"]).Parameters.Select(parameter => parameter.IsTrainable));
        Assert.Contains("got 'third'", Settings.Refusal(() => TrainCommand.Frozen(network, "net.onnx", ["first", "third"])), StringComparison.Ordinal);
        Assert.Contains("got '/Relu'", Settings.Refusal(() => TrainCommand.Frozen(network, "net.onnx", ["/Relu"])), StringComparison.Ordinal);
    }

    [Fact]
    public void No_samples_are_bad_input()
    {
        DataChecks.RequireSamples("attack", "set", FourClasses);
        var error = Assert.Throws<ToolException>(() => DataChecks.RequireSamples("attack", "set", FourClasses.Subset([])));
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
        Assert.StartsWith("attack: there are no test samples in set", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_output_is_called_binary()
    {
        Network sigmoid = Network.Build(InputSpec.Image(1, 12, 12), x => x.Flatten().Linear(1).Sigmoid());
        foreach (Action refused in (Action[])[
            () => DataChecks.RequireLabels(sigmoid, FourClasses, "test"), () => DataChecks.RequireSeveralOutputs(sigmoid),
            () => DataChecks.RequireToTrain(
                Settings.Context(new TrainCommand(), new Dictionary<string, string>(StringComparer.Ordinal), TimeProvider.System), sigmoid,
                new DataSets(FourClasses, FourClasses))])
        {
            var error = Assert.Throws<ToolException>(refused);
            Assert.Equal(ExitCode.BadInput, error.ExitCode);
            Assert.StartsWith("model: a binary classifier with one output", error.Message, StringComparison.Ordinal);
            Assert.Contains("the two logits [0, z], of shape [N, 2]", error.Message, StringComparison.Ordinal);
        }

        DataChecks.RequireSeveralOutputs(ThreeOutputs);
    }

    private static string Refusal(ToolCommand command)
    {
        CommandContext context = Settings.Context(command, new Dictionary<string, string>(StringComparer.Ordinal), TimeProvider.System);
        var error = Assert.Throws<ToolException>(
            () => DataChecks.RequireToTrain(context, ThreeOutputs, new DataSets(FourClasses, FourClasses)));
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
        return error.Message;
    }
}
