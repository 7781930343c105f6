using Temper.Cli.CommandLine;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;
using Temper.Tensors;

namespace Temper.Cli.Attacks;

/// <summary>One run of <c>temper attack</c> on samples.</summary>
internal static class AttackSession
{
    internal static int Execute(CommandContext context, string model, RankGroup ranks)
    {
        string source = context.Get(AttackSettings.Data) ?? throw ToolException.Usage(
            "attack: --data is missing; give the samples to attack (or --vnnlib for a property)");
        Attack attack = AttackSettings.Create(context);
        RequireUsable(context, attack, ranks);
        using AttackSubject whole = AttackSubject.Open(context, model, source, AttackAccess.OfModel(context));
        using AttackSubject? surrogate = context.Get(AttackSettings.Surrogate) is { } other
            ? AttackSubject.Open(context, other, source, AttackAccess.UsualOf(other))
            : null;
        whole.WarnOfMorphedRows(context);
        whole.TellOfSoftmax(context, model);
        surrogate?.TellOfSoftmax(context, context.Get(AttackSettings.Surrogate)!);
        attack = surrogate is null ? attack : new Transfer(attack, surrogate.Target);
        AttackSettings.ThreatOf(context)?.RequireFits(whole.Target);
        int asked = Math.Min(context.Get(AttackSettings.Limit) ?? int.MaxValue, whole.Samples.Count);
        AttackSubject subject = whole.AimedAt(AttackSettings.TargetOf(context, whole.Classes), asked) with
        {
            Surrogate = surrogate?.Target,
        };
        int count = subject.Rows?.Count ?? asked;
        AttackParts.RequireRoom(count, subject.Target.SampleShape);
        subject.TellOfBounds(context, count);
        var parts = new AttackParts(context, attack, subject, count, ranks);
        if (ranks.Size > 1)
        {
            parts.RunShare();
        }

        if (!ranks.IsFirst)
        {
            return ExitCode.Success;
        }

        (AttackResult result, long[] labels) = parts.Run();
        Tensor inputs = Inputs(subject, count);
        RobustnessEvaluation found = Evaluate(context, subject, inputs, new(attack, result, labels, []));
        if (context.Get(AttackSettings.Output) is { } folder)
        {
            AttackFiles.Write(folder, found, subject.Rows);
            found = found with { Checks = [.. found.Checks, Verify(context, model, source, found, folder)] };
            AttackFiles.WriteReport(folder, found, subject, inputs, $"{model} on {source}");
            parts.Remove();
        }

        return new AttackSummary(context, subject, found, asked - count).Tell();
    }

    /// <summary>Throws if options of the attack contradict each other or lack another option.</summary>
    private static void RequireUsable(CommandContext context, Attack attack, RankGroup ranks)
    {
        if (context.Get(AttackSettings.FailBelow) is not null
            && attack is not FixedBudgetAttack && AttackSettings.Radius(context) is null)
        {
            throw ToolException.Usage(
                "attack: --fail-below needs a radius with this attack; add --epsilon or --threat");
        }

        if (context.Get(AttackSettings.TensorBoard) && context.Get(AttackSettings.Output) is null)
        {
            throw ToolException.Usage("--tensorboard: needs a folder for the event file; add --output");
        }

        if (ranks.Size > 1 && context.Get(AttackSettings.Output) is null)
        {
            throw ToolException.Usage(
                "attack: ranks exchange results through files; give a folder shared by all ranks with "
                + "--output");
        }
    }

    private static Tensor Inputs(AttackSubject subject, int count)
    {
        (Tensor inputs, _) = subject.Samples.Read(0, count);
        return inputs.Reshape([count, .. subject.Target.SampleShape.AsSpan()]);
    }

    /// <summary>
    /// Adds the radius, the target class and the checks to the result of an attack. Perturbations beyond the radius do
    /// not count.
    /// </summary>
    private static RobustnessEvaluation Evaluate(
        CommandContext context, AttackSubject subject, Tensor inputs, RobustnessEvaluation found)
    {
        found = found with
        {
            Epsilon = AttackSettings.Radius(context),
            Target = subject.Aim,
            CleanPredictions = subject.Predictions(inputs),
        };
        RandomStream random = RandomStream.FromSeed(context.Get(AttackSettings.Seed)).Split("checks");
        IReadOnlyList<TrustCheck> checks = context.Get(AttackSettings.NoChecks)
            ? TrustChecks.OfResult(found)
            : TrustChecks.Run(subject.Reference ?? subject.Target, inputs, found, random, context.Cancel);
        return (found with { Checks = checks }).LimitedToEpsilon(inputs);
    }

    /// <summary>Verifies the saved file with a newly loaded model, one sample at a time.</summary>
    private static TrustCheck Verify(
        CommandContext context, string model, string source, RobustnessEvaluation found, string folder)
    {
        using AttackSubject fresh = AttackSubject.Open(context, model, source, AttackAccess.OfModel(context));
        return Verification.Of(
            fresh.Target, AttackFiles.ReadAdversarials(folder),
            [.. found.Result.Samples.Select(sample => sample.IsAdversarial)],
            RobustnessEvaluation.CriterionOf([.. found.Labels], found.Target)).Check();
    }
}
