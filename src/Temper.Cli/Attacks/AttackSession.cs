using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
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

        using AttackSubject subject = AttackSubject.Open(context, model, source);
        (AttackTarget target, Dataset samples) = (subject.Target, subject.Samples);
        using AttackSubject? surrogate =
            context.Get(AttackSettings.Surrogate) is { } other ? AttackSubject.Open(context, other, source) : null;
        attack = surrogate is null ? attack : new Transfer(attack, surrogate.Target);
        AttackSettings.ThreatOf(context)?.RequireFits(target);
        int count = Math.Min(context.Get(AttackSettings.Limit) ?? int.MaxValue, samples.Count);
        AttackParts.RequireRoom(count, target.SampleShape);
        var parts = new AttackParts(context, attack, subject with { Surrogate = surrogate?.Target }, count, ranks);
        if (ranks.Size > 1)
        {
            parts.RunShare();
        }

        if (!ranks.IsFirst)
        {
            return ExitCode.Success;
        }

        (AttackResult result, long[] labels) = parts.Run();
        (Tensor inputs, _) = samples.Read(0, count);
        inputs = inputs.Reshape([count, .. target.SampleShape.AsSpan()]);
        var found = new RobustnessEvaluation(
            attack, result, labels, Checks(context, attack, target, inputs, (result, labels)))
        {
            Epsilon = AttackSettings.Radius(context),
        };
        if (context.Get(AttackSettings.Output) is { } folder)
        {
            AttackFiles.Write(folder, found);

            // Verify the saved file with a newly loaded model, one sample at a time.
            using AttackSubject fresh = AttackSubject.Open(context, model, source);
            Verification again = Verification.Of(
                fresh.Target, AttackFiles.ReadAdversarials(folder),
                [.. result.Samples.Select(sample => sample.IsAdversarial)], Criterion.Misclassified(labels));
            found = found with { Checks = [.. found.Checks, again.Check()] };
            AttackFiles.WriteReport(folder, found, subject.Classes, inputs, target, $"{model} on {source}");
            parts.Remove();
        }

        return Tell(context, model, source, found);
    }

    /// <summary>Checks the target, unless that is skipped, and the result.</summary>
    private static IReadOnlyList<TrustCheck> Checks(
        CommandContext context, Attack attack, AttackTarget target, Tensor inputs,
        (AttackResult Result, long[] Labels) attacked)
    {
        IReadOnlyList<TrustCheck> ofTarget = context.Get(AttackSettings.NoChecks) ? [] : TrustChecks.Run(
            target, inputs, attacked.Labels, RandomStream.FromSeed(context.Get(AttackSettings.Seed)).Split("checks"),
            attack.Norm == Norm.Linf ? AttackSettings.Radius(context) : null, context.Cancel);
        IReadOnlyList<TrustCheck> ofTransfer = attack is Transfer ? [TrustChecks.Tried(attacked.Result)] : [];
        return [.. ofTarget, TrustChecks.Finite(attacked.Result), .. ofTransfer];
    }

    private static int Tell(CommandContext context, string model, string source, RobustnessEvaluation found)
    {
        double accuracy = found.Accuracy;
        string verdict = TrustChecks.Verdict(found.Checks);
        if (context.IsJson)
        {
            JsonResult.Write("attack", Fields(context, model, source, found, accuracy, verdict));
        }
        else
        {
            Norm norm = found.Attack.Norm;
            var table =
                new ResultTable($"{found.Attack.Name} on {found.Labels.Count:N0} samples of {source}", "", "#value");
            table.Row("clean accuracy", $"{found.CleanAccuracy * 100:F2} %")
                .Row("accuracy under attack", $"{accuracy * 100:F2} %")
                .Row($"median smallest perturbation, {norm}", $"{found.Result.MedianDistance(norm):G4}")
                .Row("forward passes", $"{found.Result.Samples.Sum(sample => (long)sample.Forwards):N0}")
                .Row("backward passes", $"{found.Result.Samples.Sum(sample => (long)sample.Backwards):N0}");
            table.Write(context.Terminal);
            foreach (TrustCheck check in found.Checks.Where(check => check.IsSuspicious))
            {
                Console.Out.WriteLine($"{check.Name}: {check.Finding}");
            }

            Console.Out.WriteLine($"verdict: {verdict}");
        }

        if (context.Get(AttackSettings.FailBelow) is not { } min || accuracy >= min)
        {
            return ExitCode.Success;
        }

        Terminal.Error($"accuracy under attack is below the threshold (got {accuracy:F4}, expected at least {min})");
        return ExitCode.ThresholdNotMet;
    }

    private static JsonObject Fields(
        CommandContext context, string model, string source, RobustnessEvaluation found, double accuracy,
        string verdict) => new()
    {
        ["model"] = model,
        ["data"] = source,
        ["attack"] = found.Attack.Name,
        ["norm"] = found.Attack.Norm.ToString().ToLowerInvariant(),
        ["epsilon"] = AttackSettings.Radius(context) is { } radius ? JsonResult.Number(radius) : null,
        ["seed"] = context.Get(AttackSettings.Seed),
        ["count"] = found.Labels.Count,
        ["clean_accuracy"] = JsonResult.Number(found.CleanAccuracy),
        ["robust_accuracy"] = JsonResult.Number(accuracy),
        ["success"] = JsonResult.Number(found.Success),
        ["median_l2"] = JsonResult.Number(found.Result.MedianDistance(Norm.L2)),
        ["mean_l2"] = JsonResult.Number(found.Result.MeanDistance(Norm.L2)),
        ["median_linf"] = JsonResult.Number(found.Result.MedianDistance(Norm.Linf)),
        ["forwards"] = found.Result.Samples.Sum(sample => (long)sample.Forwards),
        ["backwards"] = found.Result.Samples.Sum(sample => (long)sample.Backwards),
        ["verdict"] = verdict,
        ["checks"] = new JsonArray([.. found.Checks.Select(check => (JsonNode)new JsonObject
        {
            ["name"] = check.Name, ["suspicious"] = check.IsSuspicious, ["finding"] = check.Finding,
        })]),
        ["output"] = context.Get(AttackSettings.Output),
    };
}
