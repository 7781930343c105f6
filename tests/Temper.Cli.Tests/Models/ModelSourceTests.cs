using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Models;
using Temper.Cli.Tests.Support;
using Temper.Testing;

namespace Temper.Cli.Tests.Models;

/// <summary>A file that does not exist is told from a network whose name is wrong, with the same words by every command.</summary>
public sealed class ModelSourceTests
{
    public static TheoryData<string> Missing => ["missing.safetensors", "missing.ONNX", "weights.pth", "runs/train-1"];

    [Theory]
    [MemberData(nameof(Missing))]
    public void What_can_only_be_a_file_is_missing(string name)
    {
        foreach (Action open in (Action[])[
            () => ModelSource.IsStored(name), () => ModelSource.RequireTrained(name), () => ModelSource.RequireFile(name), () => ModelSource.Open(name),
            () => ModelSource.OpenToTime(name, null)])
        {
            var error = Assert.Throws<ToolException>(open);
            Assert.Equal((ExitCode.InputOutput, $"model: there is no such file or folder (got '{name}'); check the name"), (error.ExitCode, error.Message));
        }
    }

    [Fact]
    public void An_unknown_network_is_wrong_usage()
    {
        Assert.False(ModelSource.IsStored("lenet-9"));
        Assert.Contains("no such network (got 'lenet-9')", Settings.Refusal(() => ModelSource.Open("lenet-9")), StringComparison.Ordinal);
        Assert.Contains("no such model (got 'lenet-9'", Settings.Refusal(() => ModelSource.RequireTrained("lenet-9")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_network_is_named_without_words_of_the_library()
    {
        Assert.Equal("no such network (got 'lenet5'); did you mean 'lenet-5'?", Settings.Refusal(() => ModelSource.Open("lenet5")));
        var error = Assert.Throws<ArgumentException>(() => ModelSource.Open("zzzzzzzzzz"));
        Assert.StartsWith("unknown network (got 'zzzzzzzzzz', expected one of lenet-300-100, ", Failure.Of(error).Message, StringComparison.Ordinal);
        Assert.EndsWith(" or mlp-width-width)", Failure.Of(error).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("lenet-5")]
    public void A_folder_without_a_network_is_no_model(string? architecture)
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<ToolException>(() => ModelSource.OpenTrained(folder.Path, architecture));
        Assert.Equal(ExitCode.InputOutput, error.ExitCode);
        Assert.StartsWith($"model: {folder.Path} is neither a model folder nor the folder of a finished run", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Commands_agree()
    {
        using var folder = new TemporaryFolder();
        string data = "synth:blobs?classes=2&features=4&count=40", model = folder["missing.safetensors"];
        foreach (ToolCommand command in (ToolCommand[])[
            new EvalCommand(), new AttackCommand(), new ProbeCommand(), new PruneCommand(), new HardenCommand(), new CompressCommand(), new TrainCommand(),
            new InspectCommand(), new PlanCommand(), new GrowCommand()])
        {
            var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = model, ["data"] = data, ["runs"] = folder["runs"], ["quiet"] = "true" };
            var error = Assert.Throws<ToolException>(() => command.Run(Settings.Context(command, flags, TimeProvider.System)));
            Assert.True(error.ExitCode == ExitCode.InputOutput, $"{command.Name}: {error.Message}");
            Assert.StartsWith("model: there is no such file or folder", error.Message, StringComparison.Ordinal);
        }
    }
}
