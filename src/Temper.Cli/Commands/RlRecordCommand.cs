using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Reinforcement;
using Temper.Cli.Snooping;
using Temper.Kernels;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Logs;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper rl record</c>: records the traffic that an eavesdropper between agent and environment observes.
/// </summary>
internal sealed class RlRecordCommand()
    : ToolCommand("rl record", "Record what an eavesdropper between agent and environment sees under a threat model")
{
    private static readonly Setting<string?> Agent = Setting.OptionalText("agent", "File of the agent");

    private static readonly Setting<ulong> Seed = Setting.Seed();

    internal override IReadOnlyList<Setting> Settings { get; } =
        [
            RlSettings.Environment, Agent, SnoopingSettings.Threat, SnoopingSettings.Steps, SnoopingSettings.Output,
            Seed, RlSettings.Sticky, RlSettings.StepLimit, RlSettings.FrameSkip,
        ];

    internal override int Run(CommandContext context)
    {
        string name = context.Require(RlSettings.Environment), output = context.Require(SnoopingSettings.Output);
        ThreatModel threat = ThreatModels.Parse(context.Get(SnoopingSettings.Threat));
        Policy policy = PolicyFile.Load(ModelSource.RequireFile(context.Require(Agent)));
        EnvironmentOptions options = SnoopingSettings.EnvironmentOptions(context);
        EnvironmentSpec spec = policy.CreateEnvironment(name, options).Spec;
        if (!spec.Actions.IsDiscrete)
        {
            throw ToolException.Usage(
                $"rl record: needs an agent with discrete actions (got {name}, whose actions are continuous)");
        }

        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        (IStateLog log, int episodes) = LogRecording.Of(
            policy, (name, options), threat, context.Get(SnoopingSettings.Steps), context.Get(Seed), context.Cancel);
        SnoopLogFile.Save(log, output);
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["env"] = name, ["threat"] = context.Get(SnoopingSettings.Threat), ["steps"] = log.Count,
                ["episodes"] = episodes, ["output"] = output,
            });
        }
        else
        {
            Console.Out.WriteLine(
                $"{output}: {Plural.Of(log.Count, "step")} of {Plural.Of(episodes, "episode")} of {name}, "
                + threat.Describe());
        }

        return ExitCode.Success;
    }
}
