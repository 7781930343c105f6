using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Compression.Pruning;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Cli.Tests.Commands;

/// <summary>The rules of <c>temper prune</c>, and what it refuses before there is a run folder.</summary>
public sealed class PruneCommandTests : IDisposable
{
    private static readonly Network Dense =
        Network.Build(InputSpec.Features(8), x => x.Linear(3, name: "fc1").Relu().Linear(2, name: "fc2")).Initialize(RandomStream.FromSeed(1));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sparsity", "1.5", "--threshold: is out of range for the rule sparsity (got 1.5, expected 0 to 1)")]
    [InlineData("layer-sparsity", "2", "--threshold: is out of range for the rule layer-sparsity (got 2, expected 0 to 1)")]
    [InlineData("ms", "0", "--threshold: is out of range for the rule ms (got 0, expected above 0)")]
    [InlineData("std", "1e300", "--threshold: is out of range for the rule std")]
    [InlineData("2:4", "0.5", "--threshold does not apply to --rule 2:4")]
    public void A_threshold_out_of_the_rules_range_is_refused(string rule, string threshold, string why) =>
        Refused(why, ("rule", rule), ("threshold", threshold));

    [Theory]
    [InlineData("epochs", "3")]
    [InlineData("learning-rate", "0.1")]
    [InlineData("augment", "flip")]
    [InlineData("validation", "0.2")]
    public void Without_data_no_setting_of_a_training_is_taken(string name, string value) =>
        Refused($"--{name} does not apply to prune without --data, which does not train", (name, value));

    [Fact]
    public void Settings_of_another_optimizer_are_refused_before_there_is_a_run_folder() =>
        Refused("--momentum does not apply to --optimizer adam", ("data", "synth:shapes"), ("momentum", "0.5"));

    [Fact]
    public void A_layer_that_does_not_exist_is_refused_before_there_is_a_run_folder()
    {
        var error = Assert.Throws<ArgumentException>(() => new PruneCommand().Run(Given(("ignore", "conv*"))));
        Assert.Contains("got 'conv*'", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["runs"]));
    }

    /// <summary>Only pruning takes it: the training after it has batches of its own sizes.</summary>
    [Fact]
    public void A_network_of_a_fixed_batch_is_not_tuned()
    {
        CommandContext context = Given(("data", "synth:blobs?features=8&count=60&classes=2"));
        ModelFile.Save(
            Network.Build(new InputSpec { SampleShape = [4, 8], IsBatched = false }, x => x.Linear(2)).Initialize(RandomStream.FromSeed(1)),
            _folder["net.safetensors"]);
        var error = Assert.Throws<ArgumentException>(() => new PruneCommand().Run(context));
        Assert.StartsWith($"prune: {_folder["net.safetensors"]}: the network takes exactly 4 samples at a time", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["runs"]));
    }

    [Theory]
    [InlineData("5:4")]
    [InlineData("0:0")]
    [InlineData("2:")]
    [InlineData("2:4:8")]
    [InlineData("a:b")]
    [InlineData("1:2000000000")]
    public void A_pattern_that_cannot_be_is_refused(string rule) => Assert.StartsWith(
        $"--rule: cannot be used (got '{rule}', expected one of std,", Settings.Refusal(() => Given(("rule", rule))), StringComparison.Ordinal);

    /// <summary>A weight stays if fewer than N of its group of M consecutive inputs are larger.</summary>
    [Theory]
    [InlineData("2:4", 2, 4)]
    [InlineData("1:8", 1, 8)]
    [InlineData("3:3", 3, 3)]
    public void A_pattern_keeps_the_largest_weights_of_each_group_of_inputs(string rule, int kept, int of)
    {
        PruningSettings.Require(Given(("rule", rule)));
        Network lean = Dense.Prune(PruningSettings.RuleOf(Given(("rule", rule)), Dense, (_, _) => throw new InvalidOperationException()));
        float[] before = Weights(Dense), after = Weights(lean);
        for (int i = 0; i < before.Length; i++)
        {
            int column = i % 8, row = i - column, first = column / of * of;
            int larger = Enumerable.Range(first, Math.Min(of, 8 - first)).Count(other => MathF.Abs(before[row + other]) > MathF.Abs(before[i]));
            Assert.Equal(larger < kept ? before[i] : 0, after[i]);
        }
    }

    private void Refused(string why, params (string Name, string Value)[] given)
    {
        Assert.Contains(why, Settings.Refusal(() => new PruneCommand().Run(Given(given))), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["runs"]));
    }

    private CommandContext Given(params (string Name, string Value)[] given)
    {
        ModelFile.Save(Dense, _folder["net.safetensors"]);
        var flags = given.ToDictionary(flag => flag.Name, flag => flag.Value, StringComparer.Ordinal);
        flags["model"] = _folder["net.safetensors"];
        flags["runs"] = _folder["runs"];
        flags["quiet"] = "true";
        return Settings.Context(new PruneCommand(), flags, TimeProvider.System);
    }

    private static float[] Weights(Network network) => network.Parameters["fc1.weight"].Value.ToArray<float>();
}
