using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Hardening;
using Temper.Cli.Tests.Support;
using Temper.Testing;

namespace Temper.Cli.Tests.Hardening;

/// <summary>What <c>temper harden</c> refuses before it works, and what its run folder remembers.</summary>
public sealed class HardenCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("hard.safetensors")]
    [InlineData("hard.SAFETENSORS")]
    [InlineData("taken")]
    public void Output_that_is_a_file_is_refused(string name)
    {
        _folder.Write("taken", "");
        Assert.Contains("--output is a folder", Settings.Refusal(() => HardenCommand.RequireFree(Given(_folder[name]))), StringComparison.Ordinal);
        HardenCommand.RequireFree(Given(_folder["hard"]));
    }

    [Fact]
    public void A_resumed_run_knows_its_output()
    {
        string config = _folder.Write("config.yaml", Given("hard").Values.ToYaml());
        Assert.Equal("hard", Settings.Resolve(new HardenCommand(), file: config).Get(HardenSettings.Output));
    }

    [Fact]
    public void Corruptions_want_pictures()
    {
        Assert.Contains(
            "--method corruptions needs pictures", Settings.Refusal(() => HardenCommand.RequirePictures("corruptions", [6])), StringComparison.Ordinal);
        HardenCommand.RequirePictures("corruptions", [1, 8, 8]);
        HardenCommand.RequirePictures("noise", [6]);
    }

    private static CommandContext Given(string output)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["output"] = output, ["force"] = "true" };
        return Settings.Context(new HardenCommand(), flags, TimeProvider.System);
    }
}
