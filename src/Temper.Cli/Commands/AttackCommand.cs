using Temper.Cli.Attacks;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Kernels;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper attack</c>: attacks a network and measures its accuracy against the perturbation radius, or searches for a
/// counterexample of a property.
/// </summary>
internal sealed class AttackCommand() : ToolCommand(
    "attack", "Measure how easily a network is fooled: accuracy by distance, and whether the figures can be trusted")
{
    internal override bool SharesWork => true;

    internal override IReadOnlyList<Setting> Settings => field ??=
        [
            ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, .. Preprocessing.Settings,
            .. AttackSettings.All, .. VideoAttackSettings.All,
        ];

    internal override int Run(CommandContext context)
    {
        string model = context.Require(ModelSource.Setting);
        if (!AttackSubject.IsServed(model))
        {
            ModelSource.RequireTrained(model);
        }
        else if (context.Get(AttackSettings.VnnLib) is not null)
        {
            throw ToolException.Usage("--vnnlib: needs a model file, whose gradients it uses (got the address of a "
                + "server)");
        }
        else if (context.Get(VideoAttackSettings.Video))
        {
            throw ToolException.Usage("--video: needs a model file (got the address of a server)");
        }

        AttackModes.RequireOwn(context);
        string?[] models = [model, context.Get(AttackSettings.Surrogate)];
        string[] files = [.. models.OfType<string>().Where(one => !AttackSubject.IsServed(one))];
        if (files.Length > 0)
        {
            ModelSource.RefuseUnused(context, files);
        }

        RequireSamples(context);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        if (context.Get(VideoAttackSettings.Video))
        {
            return VideoAttackRun.Execute(context, model);
        }

        if (context.Get(AttackSettings.VnnLib) is { } property)
        {
            return PropertyRun.Execute(context, model, property);
        }

        using RankGroup ranks = RankGroup.Open();
        return ranks.Run(() => AttackSession.Execute(context, model, ranks));
    }

    /// <summary>
    /// Throws if several ranks were started with <c>--vnnlib</c> or <c>--video</c>: only the attack on samples is
    /// divided among ranks.
    /// </summary>
    private static void RequireSamples(CommandContext context)
    {
        bool isVideo = context.Get(VideoAttackSettings.Video);
        if (RankGroup.Started > 1 && (isVideo || context.Get(AttackSettings.VnnLib) is not null))
        {
            throw ToolException.Usage(
                $"attack: ranks cannot share {(isVideo ? "--video" : "--vnnlib")} (got {RankGroup.Started} ranks, "
                + "expected 1); "
                + "start it without mpirun");
        }
    }
}
