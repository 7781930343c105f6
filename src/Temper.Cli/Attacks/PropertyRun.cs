using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;
using Temper.Tensors;
using Temper.Wording;

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
        NetworkTarget target = Target(network, property);
        int budget = context.Get(AttackSettings.Budget) ?? DefaultBudget;
        PropertyResult found = PropertySearch.Run(
            Target(Searched(context, model, network, property), property), property, budget,
            RandomStream.FromSeed(context.Get(AttackSettings.Seed)), context.Cancel);
        string? file = null;
        if (found.Counterexample is { } input)
        {
            // The outputs of the network as it is stored, also if the search was on its logits.
            float[] outputs = new float[target.Classes];
            target.Scores(input.AsSpan<float>(), 1, outputs);
            found = found with { Outputs = outputs };
            file = Save(context, input);
        }

        Tell(context, (model, path), found, budget, file);
        return found.Counterexample is null ? ExitCode.Success : ExitCode.ThresholdNotMet;
    }

    /// <summary>A target within the input bounds that the property defines.</summary>
    private static NetworkTarget Target(Network network, VnnLibProperty property) => new(
        network, (property.Low.Min(), Math.Max(property.High.Max(), MathF.BitIncrement(property.Low.Min()))));

    /// <summary>
    /// The network whose gradients are used: without a softmax at its end if the property only compares outputs with
    /// each other, because their order is that of the logits. A comparison with a number is about probabilities.
    /// </summary>
    private static Network Searched(CommandContext context, string model, Network network, VnnLibProperty property)
    {
        if (property.IsOfOrder)
        {
            return FinalSoftmax.Removed(context, model, network);
        }

        bool isSoftmax = FinalSoftmax.IsIn(network);
        if (isSoftmax || network.HasFinalSigmoid)
        {
            context.Terminal.Note($"warning: {model} ends with {(isSoftmax ? "Softmax" : "Sigmoid")}, and the property "
                + "compares probabilities with numbers: where a probability is nearly 0 or 1 its gradient vanishes, so "
                + "that counterexamples may be missed");
        }

        return network;
    }

    /// <summary>Saves a counterexample if there is an output folder; returns the file, or null.</summary>
    private static string? Save(CommandContext context, Tensor input)
    {
        if (context.Get(AttackSettings.Output) is not { } folder)
        {
            return null;
        }

        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "counterexample.npy");
        NpyFile.Save(file, input);
        return file;
    }

    private static void Tell(
        CommandContext context, (string Model, string Property) about, PropertyResult found, int budget, string? file)
    {
        if (context.IsJson)
        {
            JsonResult.Write("attack", new JsonObject
            {
                ["model"] = about.Model,
                ["vnnlib"] = about.Property,
                ["found"] = found.Counterexample is not null,
                ["gradients"] = found.Gradients,
                ["budget"] = budget,
                ["outputs"] = new JsonArray([.. found.Outputs.Select(value => JsonResult.Number(value))]),
                ["file"] = file,
            });
            return;
        }

        string where = file ?? "give a folder with --output to save it";
        Console.Out.WriteLine(found.Counterexample is null
            ? $"no counterexample found with {Plural.Of(found.Gradients, "gradient")} (this is not a proof)"
            : $"counterexample found with {Plural.Of(found.Gradients, "gradient")}: outputs "
                + $"{string.Join(", ", found.Outputs)}; {where}");
    }
}
