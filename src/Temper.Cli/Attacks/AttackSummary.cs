using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;
using Temper.Wording;

namespace Temper.Cli.Attacks;

/// <summary>Writes the result of an attack on samples: as a table, or as JSON.</summary>
/// <param name="context">Settings and output of the command.</param>
/// <param name="subject">What was attacked.</param>
/// <param name="found">Result; perturbations beyond the radius are already taken out.</param>
/// <param name="leftOut">Number of samples that have the target class and were not attacked.</param>
internal sealed class AttackSummary(
    CommandContext context, AttackSubject subject, RobustnessEvaluation found, int leftOut)
{
    private Norm Norm => found.Attack.Norm;

    private string Source => context.Get(AttackSettings.Data) ?? "";

    /// <summary>Name of the target class; null: none.</summary>
    private string? Target => subject.Aim is { } aim ? subject.Classes[aim] : null;

    /// <summary>Writes the result and returns the exit code.</summary>
    internal int Tell()
    {
        string verdict = TrustChecks.Verdict(found.Checks);
        if (context.IsJson)
        {
            JsonResult.Write("attack", Fields(verdict));
        }
        else
        {
            Table().Write(context.Terminal);
            foreach (TrustCheck check in found.Checks.Where(check => check.IsSuspicious))
            {
                Console.Out.WriteLine($"{check.Name}: {check.Finding}");
            }

            Console.Out.WriteLine($"verdict: {verdict}");
        }

        double accuracy = found.Accuracy;
        if (context.Get(AttackSettings.FailBelow) is not { } min || accuracy >= min)
        {
            return ExitCode.Success;
        }

        Terminal.Error($"accuracy under attack is below the threshold (got {accuracy:F4}, expected at least {min})");
        return ExitCode.ThresholdNotMet;
    }

    private ResultTable Table()
    {
        string aim = Target is { } name ? $", target class {name}" : "";
        var table = new ResultTable(
            $"{found.Attack.Name} on {Plural.Of(found.Labels.Count, "sample")} of {Source}{aim}", "", "#value");
        table.Row("clean accuracy", $"{found.CleanAccuracy * 100:F2} %");
        if (Target is not null)
        {
            table.Row($"classified as {Target}", $"{found.Success * 100:F2} %")
                .Row($"samples of {Target}, left out", $"{leftOut:N0}");
        }
        else
        {
            table.Row("accuracy under attack", $"{found.Accuracy * 100:F2} %");
        }

        if (double.IsInfinity(found.Attack.Radius))
        {
            double median = found.Result.MedianDistance(Norm);
            table.Row(
                $"median smallest perturbation, {Norm}",
                double.IsInfinity(median) ? "none: at most half are fooled" : $"{median:G4}");
        }

        return table
            .Row("forward passes", $"{found.Result.Samples.Sum(sample => (long)sample.Forwards):N0}")
            .Row("backward passes", $"{found.Result.Samples.Sum(sample => (long)sample.Backwards):N0}");
    }

    private JsonObject Fields(string verdict) => new()
    {
        ["model"] = context.Require(ModelSource.Setting),
        ["data"] = Source,
        ["attack"] = found.Attack.Name,
        ["access"] = AttackAccess.Shown(AttackAccess.OfModel(context)),
        ["norm"] = AttackSettings.Shown(Norm),
        ["epsilon"] = found.Epsilon is { } radius ? JsonResult.Number(radius) : null,
        ["target"] = subject.Aim,
        ["target_name"] = Target,
        ["left_out"] = leftOut,
        ["seed"] = context.Get(AttackSettings.Seed),
        ["count"] = found.Labels.Count,
        ["clean_accuracy"] = JsonResult.Number(found.CleanAccuracy),
        ["robust_accuracy"] = JsonResult.Number(found.Accuracy),
        ["success"] = JsonResult.Number(found.Success),
        ["median"] = JsonResult.Number(found.Result.MedianDistance(Norm)),
        ["mean"] = JsonResult.Number(found.Result.MeanDistance(Norm)),
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
