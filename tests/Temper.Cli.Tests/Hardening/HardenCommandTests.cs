using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Hardening;
using Temper.Cli.Tests.Support;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Cli.Tests.Hardening;

/// <summary>What <c>temper harden</c> refuses before it works, and what its run folder remembers.</summary>
public sealed class HardenCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("linf:0.03,linf:0.03")]
    [InlineData("linf:0.000001,linf:0.000002")]
    [InlineData("l2:Infinity")]
    public void Radii_that_one_table_cannot_hold_are_refused(string budgets) =>
        Assert.Contains("--budgets: cannot be used", Settings.Refusal(() => Given(("budgets", budgets))), StringComparison.Ordinal);

    [Theory]
    [InlineData("hard.safetensors")]
    [InlineData("hard.SAFETENSORS")]
    [InlineData("hard.onnx")]
    [InlineData("hard.pth")]
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

    [Fact]
    public void A_network_of_a_fixed_batch_is_refused_before_there_is_a_run_folder()
    {
        string model = _folder["net.safetensors"];
        var input = new InputSpec { SampleShape = [4, 8], IsBatched = false, Minimum = 0, Maximum = 1 };
        ModelFile.Save(Network.Build(input, x => x.Linear(2)).Initialize(RandomStream.FromSeed(1)), model);
        CommandContext context = Given(
            ("model", model), ("data", "synth:blobs?features=8&count=60&classes=2"), ("method", "plain"), ("runs", _folder["runs"]), ("quiet", "true"));
        var error = Assert.Throws<ArgumentException>(() => new HardenCommand().Run(context));
        Assert.StartsWith($"harden: {model}: the network takes exactly 4 samples at a time", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["runs"]));
    }

    [Theory]
    [InlineData("feedback", "attack-epsilon", "0.2")]
    [InlineData("feedback", "weight-perturbation", "0.01")]
    [InlineData("plain", "attack-steps", "3")]
    [InlineData("noise", "attack-norm", "l2")]
    [InlineData("corruptions", "gamma", "2")]
    [InlineData("trades", "families", "random")]
    [InlineData("pgd", "min-gain", "2")]
    [InlineData("fair", "rate-factor", "0.5")]
    public void A_setting_of_another_method_is_refused(string method, string name, string value) => Assert.Equal(
        $"harden: --{name} does not apply to --method {method}; leave it out",
        Settings.Refusal(() => HardenSettings.RequireOwn(Given(("method", method), (name, value)))));

    [Theory]
    [InlineData("feedback", "epochs", "3")]
    [InlineData("feedback", "schedule", "step")]
    [InlineData("feedback", "warm-up", "1")]
    [InlineData("feedback", "patience", "2")]
    [InlineData("trades", "epochs", "3")]
    [InlineData("noise", "patience", "2")]
    public void A_stored_network_has_no_training_of_its_own(string method, string name, string value) => Assert.Equal(
        $"harden: --{name} does not apply to a stored network, which is trained for --rounds of --round-epochs; leave it out",
        Settings.Refusal(() => HardenSettings.RequireOwnOfStored(Given(("method", method), (name, value)))));

    [Fact]
    public void Defenses_read_the_schedule() =>
        HardenSettings.RequireOwnOfStored(Given(("method", "trades"), ("schedule", "step"), ("warm-up", "1"), ("learning-rate", "0.01")));

    [Fact]
    public void Radii_want_a_check() => Assert.Equal(
        "harden: --budgets does not apply to --check none; leave it out",
        Settings.Refusal(() => HardenSettings.RequireOwn(Given(("check", "none"), ("budgets", "l2:1")))));

    [Fact]
    public void What_a_method_reads_is_accepted()
    {
        HardenSettings.RequireOwn(Given(("gamma", "2"), ("rays", "3"), ("budgets", "l2:1")));
        HardenSettings.RequireOwn(Given(("method", "mart"), ("attack-epsilon", "0.2"), ("rounds", "2"), ("rays", "3"), ("max-accuracy-drop", "2")));
        HardenSettings.RequireOwn(Given(("method", "noise"), ("round-epochs", "3"), ("measure-samples", "9"), ("check", "none")));
    }

    private static CommandContext Given(params (string Name, string Text)[] given) =>
        Settings.Context(new HardenCommand(), given.ToDictionary(one => one.Name, one => one.Text, StringComparer.Ordinal), TimeProvider.System);

    private static CommandContext Given(string output)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["output"] = output, ["force"] = "true" };
        return Settings.Context(new HardenCommand(), flags, TimeProvider.System);
    }
}
