using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Data;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Randomness;

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
