using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Snooping;
using Temper.Kernels;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary><c>temper rl snoop</c>: trains a proxy on a recorded log.</summary>
internal sealed class RlSnoopCommand()
    : ToolCommand("rl snoop", "Train a proxy on a recorded log; needs neither the agent nor the environment")
{
    private static readonly Setting<ulong> Seed = Setting.Seed();

    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        SnoopingSettings.Log, SnoopingSettings.Proxy, SnoopingSettings.Architecture, SnoopingSettings.Epochs,
        SnoopingSettings.BatchSize, SnoopingSettings.LearningRate,
        SnoopingSettings.Output, Seed,
    ];

    internal override int Run(CommandContext context)
    {
        string output = context.Require(SnoopingSettings.Output);
        ModelTarget.RequireFile(Name, output);
        IStateLog log = SnoopLogFile.Load(context.Require(SnoopingSettings.Log));
        RelatedTask task = RelatedTasks.Find(context.Get(SnoopingSettings.Proxy));
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        Proxy proxy = task.TrainOn(log, SnoopingSettings.ProxyOptions(context, context.Get(Seed)), context.Cancel);
        proxy.Save(output);
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["proxy"] = proxy.Task, ["threat"] = $"{log.Threat}".ToLowerInvariant(), ["steps"] = log.Count,
                ["fidelity"] = JsonResult.Number(proxy.Fidelity),
                ["fidelity_name"] = proxy.FidelityName, ["held_out_steps"] = proxy.HeldOutSteps,
                ["held_out_episodes"] = proxy.HeldOutEpisodes, ["output"] = output,
            });
        }
        else
        {
            Console.Out.WriteLine($"{output}: {proxy.Task} from {Plural.Of(log.Count, "step")} of {log.Stream.Source}; "
                + $"{proxy.FidelityName} on {SnoopingConditions.HeldOut(proxy)}: {proxy.Fidelity:F3}");
        }

        return ExitCode.Success;
    }
}
