using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Compression.Pipeline;
using Temper.Networks;

namespace Temper.Cli.Tests.Commands;

/// <summary>Options of <c>temper compress</c> that have no effect without training, and defaults that depend on others.</summary>
public sealed class CompressOptionTests
{
    [Theory]
    [InlineData("method", "l1")]
    [InlineData("regularize-epochs", "3")]
    [InlineData("tune-epochs", "3")]
    [InlineData("pressure", "2")]
    [InlineData("distillation", "1")]
    [InlineData("mixup", "0.5")]
    [InlineData("winner-score", "max")]
    [InlineData("quantize-epochs", "1")]
    [InlineData("validation", "test:0.5")]
    [InlineData("learning-rate", "0.1")]
    [InlineData("augment", "flip")]
    public void Without_training_no_setting_of_a_training_is_taken(string name, string value)
    {
        Assert.Contains($"--{name} does not apply to --calibrate, which does not train", Refusal(isStored: true, ("calibrate", "8"), (name, value)), StringComparison.Ordinal);
        Assert.Contains($"--{name} does not apply to --data-free, which does not train", Refusal(isStored: true, ("data-free", "true"), (name, value)), StringComparison.Ordinal);
        CompressionSettings.RefuseUnused(Given((name, value), ("activations", "winners"), ("quantize", "int8")), isStored: true);
    }

    /// <summary>Whether or not the network is trained.</summary>
    [Theory]
    [InlineData("quantize-range", "min-max", "--quantize none")]
    [InlineData("quantize-samples", "64", "--quantize none")]
    [InlineData("quantize-epochs", "1", "--quantize none")]
    [InlineData("winner-score", "max", "--activations none")]
    public void Settings_of_a_stage_that_is_off_are_refused(string name, string value, string off)
    {
        Assert.Contains($"--{name} does not apply to {off}", Refusal(isStored: true, (name, value)), StringComparison.Ordinal);
        Assert.Contains($"--{name} does not apply to", Refusal(isStored: true, ("calibrate", "8"), (name, value)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("magnitude")]
    [InlineData("gradual")]
    public void A_method_without_a_regularizer_has_no_pressure(string method)
    {
        Assert.Contains($"--pressure does not apply to --method {method}", Refusal(isStored: true, ("method", method), ("pressure", "2")), StringComparison.Ordinal);
        CompressionSettings.RefuseUnused(Given(("method", "l1"), ("pressure", "2")), isStored: true);
    }

    /// <summary>Only the search of a structure has a regularizer and a fraction that it keeps first; that of activations has trials, too.</summary>
    [Theory]
    [InlineData("first-kept", "0.5", false)]
    [InlineData("regularize-epochs", "3", false)]
    [InlineData("method", "l1", false)]
    [InlineData("pressure", "2", false)]
    [InlineData("tune-epochs", "3", true)]
    [InlineData("trials", "3", true)]
    public void Without_a_structure_no_setting_of_its_search_is_taken(string name, string value, bool isOfActivations)
    {
        Assert.Contains(
            $"--{name} does not apply to --structure none", Refusal(isStored: true, ("structure", "none"), ("quantize", "int8"), (name, value)), StringComparison.Ordinal);
        (string, string)[] winners = [("structure", "none"), ("activations", "winners"), (name, value)];
        if (isOfActivations)
        {
            CompressionSettings.RefuseUnused(Given(winners), isStored: true);
        }
        else
        {
            Assert.Contains($"--{name} does not apply to --structure none", Refusal(isStored: true, winners), StringComparison.Ordinal);
        }

        CompressionSettings.RefuseUnused(Given(("structure", "channels"), (name, value)), isStored: true);
    }

    [Fact]
    public void Joint_activations_have_no_score() => Assert.Contains(
        "--winner-score does not apply to --activations joint", Refusal(isStored: true, ("activations", "joint"), ("winner-score", "max")), StringComparison.Ordinal);

    [Fact]
    public void The_remark_about_slower_networks_names_the_option()
    {
        var result = new CompressionResult(
            Network.Build(InputSpec.Features(2), x => x.Linear(2)), new NetworkFigures(1, 1, 1, 1, 1), Chosen: null, [], IsWithinBound: true,
            ["All are slower; to get the best one, allow slower networks.", "Another remark."]);
        Assert.Equal(
            ["All are slower; to get the best one, allow slower networks (--allow-slower).", "Another remark."], CompressionSettings.WithOptions(result).Remarks);
    }

    /// <summary>A built-in network is trained before it is compressed.</summary>
    [Theory]
    [InlineData("validation", "0.2")]
    [InlineData("epochs", "3")]
    [InlineData("learning-rate", "0.1")]
    public void Settings_of_the_first_training_of_a_built_in_network_are_taken(string name, string value)
    {
        CompressionSettings.RefuseUnused(Given(("calibrate", "8"), (name, value)), isStored: false);
        Assert.Contains("--tune-epochs does not apply", Refusal(isStored: false, ("calibrate", "8"), ("tune-epochs", "3")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", null, 512)]
    [InlineData("64", null, 64)]
    [InlineData("64", "512", 512)]
    [InlineData("0", "100", 100)]
    public void Ranges_are_calibrated_on_the_samples_of_calibrate_unless_a_number_is_given(string calibrate, string? samples, int expected)
    {
        CommandContext context = samples is null
            ? Given(("quantize", "int8"), ("calibrate", calibrate))
            : Given(("quantize", "int8"), ("calibrate", calibrate), ("quantize-samples", samples));
        Assert.Equal(expected, QuantizationSettings.Options(context)!.Samples);
    }

    private static string Refusal(bool isStored, params (string Name, string Value)[] given) =>
        Settings.Refusal(() => CompressionSettings.RefuseUnused(Given(given), isStored));

    private static CommandContext Given(params (string Name, string Value)[] given) => Settings.Context(
        new CompressCommand(), given.ToDictionary(flag => flag.Name, flag => flag.Value, StringComparer.Ordinal), TimeProvider.System);
}
