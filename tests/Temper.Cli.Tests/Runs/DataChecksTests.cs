using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Data;
using Temper.Data.Synthetic;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
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

    [Theory]
    [InlineData(1, 3, true)]
    [InlineData(19, 3, true)]
    [InlineData(20, 3, false)]
    [InlineData(50, 100, true)]
    [InlineData(100, 100, false)]
    public void Too_few_held_out_samples_are_told(int count, int classes, bool isTold) =>
        Assert.Equal(isTold, DataChecks.FewHeldOut(count, classes)?.Contains("held out to choose the epoch", StringComparison.Ordinal) == true);

    /// <summary>Only tables are scaled by an option; values of other data are those that their maker chose.</summary>
    [Fact]
    public void A_table_that_is_not_scaled_is_told_with_the_option()
    {
        Dataset Rows(float far) => new TensorDataset("rows", Tensor.From([1f, far, 2, -far, 3, far, 4, -far], [4, 2]), Tensor.From([0L, 1, 0, 1], [4]));
        Assert.Null(DataChecks.Unscaled("a.csv", Rows(9)));
        Assert.Null(DataChecks.Unscaled("a.npz", Rows(11)));
        string one = DataChecks.Unscaled("a.csv", Rows(11))!, two = DataChecks.Unscaled("a.tsv?label=x", Rows(11))!;
        Assert.Contains("deviations up to 11)", one, StringComparison.Ordinal);
        Assert.Contains("--data \"a.csv?scale=standard\"", one, StringComparison.Ordinal);
        Assert.Contains("--data \"a.tsv?label=x&scale=standard\"", two, StringComparison.Ordinal);
    }

    /// <summary>The default set is for built-in networks. The settings of a run name its set even if it is the default.</summary>
    [Fact]
    public void A_stored_network_without_data_is_refused()
    {
        using var folder = new TemporaryFolder();
        ModelFile.Save(ThreeOutputs.Initialize(RandomStream.FromSeed(1)), folder["net.safetensors"]);
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = folder["net.safetensors"], ["runs"] = folder["runs"], ["quiet"] = "true" };
        foreach (RunCommand command in (RunCommand[])[new TrainCommand(), new CompressCommand(), new HardenCommand(), new GrowCommand()])
        {
            CommandContext without = Settings.Context(command, flags, TimeProvider.System);
            Assert.StartsWith($"{command.Name}: --data is missing; ", Settings.Refusal(() => command.Run(without)), StringComparison.Ordinal);
            string config = folder.Write($"{command.Name}.yaml", $"{command.Name}:\n  data: fashion-mnist\n");
            RunSettings.RequireData(Settings.Context(command, flags, TimeProvider.System, config), folder["net.safetensors"]);
            RunSettings.RequireData(without, "lenet-5");
        }

        Assert.False(Directory.Exists(folder["runs"]));
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

    private static string Refusal(ToolCommand command)
    {
        CommandContext context = Settings.Context(command, new Dictionary<string, string>(StringComparer.Ordinal), TimeProvider.System);
        var error = Assert.Throws<ToolException>(
            () => DataChecks.RequireToTrain(context, ThreeOutputs, new DataSets(FourClasses, FourClasses)));
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
        return error.Message;
    }
}
