using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Cli.Reinforcement;
using Temper.Reinforcement.Environments;
using Temper.Reinforcement.Environments.Grids;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper rl replay</c>: checks the rules of a grid game against episodes recorded by another program.
/// </summary>
internal sealed class RlReplayCommand() : ToolCommand(
    "rl replay", "Check the rules of a grid game against recorded episodes; exit code 4 at the first step that "
        + "differs")
{
    private static readonly Setting<string?> Trace = Setting.OptionalText(
        "trace", "Recorded episodes: an npz file with epN.states_packed, actions, rewards and terminals");

    internal override IReadOnlyList<Setting> Settings => field ??= [RlSettings.Environment, Trace];

    internal override int Run(CommandContext context)
    {
        string name = context.Require(RlSettings.Environment), path = context.Require(Trace);
        GridGame game = EnvironmentCatalog.Game(name)
            ?? throw ToolException.Usage($"rl replay: needs a grid game (got '{name}', expected one of "
                + $"{string.Join(", ", EnvironmentCatalog.GameNames)})");
        ReplayResult result = TraceReplay.Run(game, TraceReplay.Read(path, game));
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["env"] = name, ["trace"] = path, ["episodes"] = result.Episodes, ["steps"] = result.Steps,
                ["agrees"] = result.Difference is null,
                ["difference"] = result.Difference is { } found
                    ? new JsonObject { ["episode"] = found.Episode, ["step"] = found.Step, ["what"] = found.What }
                    : null,
            });
        }
        else if (result.Difference is null)
        {
            Console.Out.WriteLine($"{name}: {Plural.Of(result.Steps, "step")} of "
                + $"{Plural.Of(result.Episodes, "episode")} agree with {path}");
        }

        if (result.Difference is { } difference)
        {
            Terminal.Error($"rl replay: {name} differs from {path}: episode {difference.Episode}, step "
                + $"{difference.Step}: {difference.What}");
            return ExitCode.ThresholdNotMet;
        }

        return ExitCode.Success;
    }
}
