using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;

namespace Temper.Cli.Attacks;

/// <summary>
/// Searches for a counterexample of a VNN-LIB property. Exit code 0: none found within the budget; 4: one found.
/// </summary>
internal static class PropertyRun
{
    private const int DefaultBudget = 5000;

    internal static int Execute(CommandContext context, string model, string path)
    {
        VnnLibProperty property = VnnLibProperty.Load(path);
        Network network =
            ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), ModelSource.ImportOptions(context));

        // The property defines the input bounds.
        var target = new NetworkTarget(
            network, (property.Low.Min(), Math.Max(property.High.Max(), MathF.BitIncrement(property.Low.Min()))));
        int budget = context.Get(AttackSettings.Budget) ?? DefaultBudget;
        PropertyResult found = PropertySearch.Run(
            target, property, budget, RandomStream.FromSeed(context.Get(AttackSettings.Seed)), context.Cancel);
        string? file = null;
        if (found.Counterexample is { } input && context.Get(AttackSettings.Output) is { } folder)
        {
            Directory.CreateDirectory(folder);
            file = Path.Combine(folder, "counterexample.npy");
            NpyFile.Save(file, input);
        }

        if (context.IsJson)
        {
            JsonResult.Write("attack", new JsonObject
            {
                ["model"] = model,
                ["vnnlib"] = path,
                ["found"] = found.Counterexample is not null,
                ["gradients"] = found.Gradients,
                ["budget"] = budget,
                ["outputs"] = new JsonArray([.. found.Outputs.Select(value => JsonResult.Number(value))]),
                ["file"] = file,
            });
        }
        else
        {
            string where = file ?? "give a folder with --output to save it";
            Console.Out.WriteLine(found.Counterexample is null
                ? $"no counterexample found with {found.Gradients:N0} gradients (this is not a proof)"
                : $"counterexample found with {found.Gradients:N0} gradients: outputs "
                    + $"{string.Join(", ", found.Outputs)}; {where}");
        }

        return found.Counterexample is null ? ExitCode.Success : ExitCode.ThresholdNotMet;
    }
}
