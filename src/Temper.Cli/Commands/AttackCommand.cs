using Temper.Cli.Attacks;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Kernels;

namespace Temper.Cli.Commands;

/// <summary>Measures how easily a network is fooled, or searches a counterexample of a property.</summary>
internal sealed class AttackCommand() : ToolCommand("attack", "Measure how easily a network is fooled: accuracy against distance, and whether to trust it")
{
    internal override IReadOnlyList<Setting> Settings { get; } =
        [ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, .. Preprocessing.Settings, .. AttackSettings.All, .. VideoAttackSettings.All];

    internal override int Run(CommandContext context)
    {
        string model = context.Require(ModelSource.Setting);
        if (!AttackSubject.IsServed(model))
        {
            ModelSource.RequireTrained(model);
        }
        else if (context.Get(AttackSettings.VnnLib) is not null)
        {
            throw ToolException.Usage("--vnnlib: needs the gradients of a model file (got the address of a server)");
        }
        else if (context.Get(VideoAttackSettings.Video))
        {
            throw ToolException.Usage("--video: needs a model file (got the address of a server)");
        }

        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        if (context.Get(VideoAttackSettings.Video))
        {
            return VideoAttackRun.Execute(context, model);
        }

        return context.Get(AttackSettings.VnnLib) is { } property ? PropertyRun.Execute(context, model, property) : AttackSession.Execute(context, model);
    }
}
