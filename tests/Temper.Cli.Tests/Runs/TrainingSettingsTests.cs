using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Optimization;

namespace Temper.Cli.Tests.Runs;

/// <summary>Options that the chosen optimizer or regularizer does not have are refused, not ignored.</summary>
public sealed class TrainingSettingsTests
{
    [Theory]
    [InlineData("adam", "momentum", "0.8")]
    [InlineData("adamw", "nesterov", "true")]
    [InlineData("rmsprop", "nesterov", "true")]
    public void Option_of_another_optimizer_is_refused(string optimizer, string name, string value)
    {
        CommandContext context = Context(("optimizer", optimizer), (name, value));
        Assert.Equal(
            $"train: --{name} does not apply to --optimizer {optimizer}; leave it out",
            Settings.Refusal(() => TrainingSettings.Options(context)));
    }

    [Fact]
    public void Option_of_the_optimizer_is_used()
    {
        Optimizer chosen = TrainingSettings.Options(Context(("optimizer", "sgd"), ("momentum", "0.8"), ("nesterov", "true"))).Optimizer;
        Assert.Equal((0.8f, true), (Assert.IsType<Sgd>(chosen).Momentum, ((Sgd)chosen).Nesterov));
    }

    [Theory]
    [InlineData("strength", "1e-3")]
    [InlineData("grouping", "4x1")]
    public void Option_of_a_regularizer_needs_one(string name, string value)
    {
        Assert.Equal(
            $"train: --{name} does not apply to --regularizer none; leave it out",
            Settings.Refusal(() => RegularizerSettings.Regularizers(Context((name, value)))));
        Assert.Single(RegularizerSettings.Regularizers(Context(("regularizer", "hoyer-square"), (name, value))));
    }

    private static CommandContext Context(params (string Name, string Value)[] given) => Settings.Context(
        new TrainCommand(), given.ToDictionary(flag => flag.Name, flag => flag.Value, StringComparer.Ordinal), TimeProvider.System);
}
