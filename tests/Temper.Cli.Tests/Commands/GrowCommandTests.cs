using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Testing;

namespace Temper.Cli.Tests.Commands;

/// <summary>What <c>temper grow</c> accepts as a model, and what it refuses before any work.</summary>
public sealed class GrowCommandTests
{
    [Fact]
    public void Names_of_networks_are_not_offered_as_models()
    {
        Setting model = new GrowCommand().Settings.Single(setting => setting.IsPositional);
        Assert.Equal("model", model.Name);
        Assert.Null(model.Words);
        Assert.DoesNotContain("name of a network", model.Help, StringComparison.Ordinal);
        Assert.Contains("--family", model.Help, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("resnet-20")]
    [InlineData("basic3")]
    public void A_name_without_weights_is_refused_with_the_option_for_new_networks(string name)
    {
        using var folder = new TemporaryFolder();
        string refusal = Refusal(("model", name), ("runs", folder["runs"]));
        Assert.Contains($"no such model (got '{name}',", refusal, StringComparison.Ordinal);
        Assert.Contains("for a new network use --family with one of basic3,", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gain_of_zero_is_refused_by_the_name_of_its_option() =>
        Assert.StartsWith("--tau: ", Refusal(("family", "basic3"), ("tau", "0")), StringComparison.Ordinal);

    /// <summary>Without this check it would be refused only when the growth is over.</summary>
    [Theory]
    [InlineData("found.onnx")]
    [InlineData("found.pth")]
    public void A_name_of_another_format_is_refused_before_there_is_a_run_folder(string name)
    {
        using var folder = new TemporaryFolder();
        string refusal = Refusal(("family", "basic3"), ("data", "synth:shapes"), ("output", folder[name]), ("runs", folder["runs"]));
        Assert.Equal($"grow: cannot write this format (got '{Path.GetExtension(name)}', expected .safetensors or a folder)", refusal);
        Assert.False(Directory.Exists(folder["runs"]));
    }

    [Theory]
    [InlineData("plain3", "zero")]
    [InlineData("basic3", "identity")]
    public void An_initializer_for_other_blocks_is_refused_before_there_is_a_run_folder(string family, string initializer)
    {
        using var folder = new TemporaryFolder();
        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["family"] = family, ["initializer"] = initializer, ["data"] = "synth:shapes?count=96&classes=3&size=8&channels=1", ["runs"] = folder["runs"],
            ["quiet"] = "true",
        };
        CommandContext context = Settings.Context(new GrowCommand(), flags, TimeProvider.System);
        string message = Assert.Throws<ArgumentException>(() => new GrowCommand().Run(context)).Message;
        Assert.Contains($"initializer '{initializer}'", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["runs"]));
    }

    private static string Refusal(params (string Name, string Value)[] given) => Settings.Refusal(() => new GrowCommand().Run(Settings.Context(
        new GrowCommand(), given.ToDictionary(flag => flag.Name, flag => flag.Value, StringComparer.Ordinal), TimeProvider.System)));
}
