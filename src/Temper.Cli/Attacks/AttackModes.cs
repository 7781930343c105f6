using Temper.Cli.CommandLine;
using Temper.Cli.Models;

namespace Temper.Cli.Attacks;

/// <summary>
/// The kinds of <c>temper attack</c>, on samples, on clips and on a property, and the settings that each of them reads.
/// </summary>
internal static class AttackModes
{
    /// <summary>Settings of samples that clips have too.</summary>
    private static readonly Setting[] OfClips =
    [
        AttackSettings.Data, AttackSettings.Steps, AttackSettings.Limit, AttackSettings.Seed, AttackSettings.Output,
        AttackSettings.FailBelow, AttackSettings.Surrogate,
    ];

    private static readonly Setting[] OfProperties =
    [
        ModelSource.Size, AttackSettings.VnnLib, AttackSettings.Budget, AttackSettings.Seed, AttackSettings.Output,
    ];

    /// <summary>Settings that only the reading of a model file uses.</summary>
    private static readonly Setting[] OfStoredModels =
    [
        ModelSource.Architecture, ModelSource.Size, .. Preprocessing.Settings.Except([Preprocessing.Bounds]),
    ];

    private static IEnumerable<Setting> OfSamples =>
        [ModelSource.Size, .. Preprocessing.Settings, .. AttackSettings.All];

    /// <summary>Throws if a setting is given that this kind of attack does not read, which would be ignored.</summary>
    internal static void RequireOwn(CommandContext context)
    {
        if (context.Get(VideoAttackSettings.Video))
        {
            context.RefuseUnused(VideoAttackSettings.Video.Flag, OfSamples.Except(OfClips));
            if (context.Get(VideoAttackSettings.Clip) is not null)
            {
                context.RefuseUnused(VideoAttackSettings.Clip.Flag, [
                    AttackSettings.Data, AttackSettings.Limit, VideoAttackSettings.TrueLabels,
                ]);
            }

            if (context.Get(AttackSettings.Surrogate) is not null)
            {
                context.RefuseUnused(AttackSettings.Surrogate.Flag, [VideoAttackSettings.Gradients]);
            }

            VideoAttackSettings.RequireOwnOfRules(context);
        }
        else if (context.Get(AttackSettings.VnnLib) is not null)
        {
            context.RefuseUnused(
                AttackSettings.VnnLib.Flag, OfSamples.Except(OfProperties).Concat(VideoAttackSettings.All));
        }
        else
        {
            RequireOwnOfSamples(context);
        }
    }

    private static void RequireOwnOfSamples(CommandContext context)
    {
        if (VideoAttackSettings.All.FirstOrDefault(context.Values.IsGiven) is { } ofClips)
        {
            throw ToolException.Usage($"attack: {ofClips.Flag} applies only to a network of clips; add "
                + $"{VideoAttackSettings.Video.Flag}, or leave it out");
        }

        string model = context.Get(ModelSource.Setting) ?? "";
        string[] models = context.Get(AttackSettings.Surrogate) is { } surrogate ? [model, surrogate] : [model];
        if (context.Values.IsGiven(AttackSettings.TokenFile) && !models.Any(AttackSubject.IsServed))
        {
            throw ToolException.Usage(
                $"attack: {AttackSettings.TokenFile.Flag} applies only to a served model; leave it out");
        }

        if (models.All(AttackSubject.IsServed))
        {
            context.RefuseUnused("a served model", OfStoredModels);
        }
    }
}
