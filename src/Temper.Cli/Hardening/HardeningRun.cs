using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Robustness.Training;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Wording;

namespace Temper.Cli.Hardening;

/// <summary>
/// One run of <c>temper harden</c>: hardens a network, measures it before and after on test samples, and writes the
/// report.
/// </summary>
/// <param name="context">Settings of the command.</param>
/// <param name="run">The run.</param>
/// <param name="training">Options of the trainings.</param>
internal sealed class HardeningRun(CommandContext context, RunSession run, TrainingOptions training)
{
    private const string HeldOut = "held_out";

    private double Bound => context.Get(HardenSettings.Drop) / 100;

    /// <summary>
    /// Throws if the network cannot be attacked, above all if the bounds of its inputs are not known; called before any
    /// work starts.
    /// </summary>
    internal static void RequireTarget(CommandContext context, Network network) =>
        _ = new NetworkTarget(network, Preprocessing.BoundsOf(context, network));

    internal int ByFeedback(Network start)
    {
        FeedbackOptions options =
            HardenSettings.Options(context, training, ProbeSettings.Options(context, FamiliesFor(start)));
        FeedbackResult result = FeedbackLearning.Run(start, options, new SessionMethodRun(run), Report, context.Cancel);
        run.Note($"kept round {result.Best}: {result.StopReason}");
        var fields = new JsonObject
        {
            ["method"] = HardenSettings.Feedback,
            ["rounds"] = new JsonArray([.. result.Rounds.Select(round => (JsonNode)Round(round))]),
            ["best_round"] = result.Best,
            ["stop_reason"] = result.StopReason,
            ["passes"] = Passes(result.Training, result.Probing),
        };
        var held = new CleanAccuracy(HeldOut, result.Rounds[0].Accuracy, result.Rounds[result.Best].Accuracy);
        return Finish(start, result.Network, held, fields, result);
    }

    /// <summary>Trains with a baseline defense for about as many passes as all rounds of feedback learning.</summary>
    internal int ByDefense(Network start, string name)
    {
        Dataset held = run.Validation!.Spread(500);
        Defense defense =
            Defense.Create(name, HardenSettings.Attack(context), held, run.Seed, HardenSettings.WeightGamma(context));
        FeedbackOptions budget = HardenSettings.Options(context, training, new ProbeOptions());
        int samples = run.Train!.Count,
            epochs = defense.EpochsFor(PassCount.Plain.Total * samples * budget.Rounds * budget.Epochs, samples);
        TrainingResult trained = run.Fit(name, start, training with
        {
            Epochs = epochs, Objective = defense.Objective, Edits = defense.Edits, EarlyStopping = null,
        });
        Network hard = defense.NetworkOf(trained);
        var lost = new CleanAccuracy(
            HeldOut, Evaluator.Evaluate(start, run.Validation!).Accuracy, Evaluator.Evaluate(
                hard, run.Validation!).Accuracy);
        var fields = new JsonObject
        {
            ["method"] = name,
            ["epochs"] = epochs,
            ["passes"] = Passes(defense.Passes * ((long)samples * epochs), default),
        };
        return Finish(start, hard, lost, fields, null);
    }

    private void Report(FeedbackRound round) => run.Note(string.Create(
        CultureInfo.InvariantCulture,
        $"round {round.Number}: accuracy {round.Accuracy * 100:F2} %, criteria {round.Score:F3} of the initial "
            + $"value, inequality {round.Space.Inequality.Range:F3}, "
            + $"{Plural.Of(round.Feedback.Sum(one => one.Made), "example")}"));

    private int Finish(Network start, Network hard, CleanAccuracy held, JsonObject fields, FeedbackResult? result)
    {
        Measurement before = run.Measure("before", start, "before.safetensors"),
            after = run.Measure("after", hard, ModelSource.ResultName);
        HardeningComparison found = Compare(start, hard, result is null ? [] : HardenSettings.FamilyNames(context));
        IReadOnlyList<string> classes = ClassLabels.Of(hard, run.Train!, found.After.Space.Counts.Count);
        var test = new CleanAccuracy("test", before.Record.TestAccuracy, after.Record.TestAccuracy);
        CleanAccuracy[] exceeded = [.. new[] { held, test }.Where(one => !one.IsWithin(Bound))];
        foreach (Section section in Sections(start, hard, found, result, classes))
        {
            run.Add(section);
        }

        fields["before"] = DecisionSpaceJson.Of(
            found.Before.Space, before.Record.TestAccuracy ?? found.Before.Accuracy, classes, found.Before.Attacked);
        fields["after"] = DecisionSpaceJson.Of(
            found.After.Space, after.Record.TestAccuracy ?? found.After.Accuracy, classes, found.After.Attacked);
        fields["difference"] = Differences(found);
        fields["within_bound"] = exceeded.Length == 0;
        fields["exceeded_on"] = new JsonArray([.. exceeded.Select(one => (JsonNode)one.Samples)]);
        fields["held_out_accuracy"] = held.ToJson();
        fields["moved_only_along_probed"] = found.MovedOnlyAlongProbed;
        string? output = context.Get(HardenSettings.Output);
        fields["output"] = output is null ? null : Path.GetFullPath(output);
        if (output is not null)
        {
            ModelFile.Save(run.Saved(hard), output);
        }

        int code = run.Finish(after, fields, table: HardeningTable.Of(found));
        if (output is not null)
        {
            File.Copy(
                run.Folder.PathOf(RunRecords.ReportName), Path.Combine(output, RunRecords.ReportName), overwrite: true);
        }

        return exceeded.Length == 0 ? code : Refuse(exceeded, result);
    }

    /// <summary>Says where too much accuracy is lost, and returns the exit code.</summary>
    private int Refuse(CleanAccuracy[] exceeded, FeedbackResult? result)
    {
        string kept = result is null ? "the network" : $"round {result.Best}, the best one,";
        Terminal.Error(CleanAccuracy.Message(exceeded, Bound, kept));
        return ExitCode.ThresholdNotMet;
    }

    /// <summary>Measures both networks on the same test samples, which were not used for training.</summary>
    private HardeningComparison Compare(Network start, Network hard, IReadOnlyList<string> trained)
    {
        Dataset source = run.Data!.Test.Count > 0 ? run.Data.Test : run.Validation!;
        Dataset measured = StratifiedSplit.Of(
            source, Math.Min(context.Get(HardenSettings.MeasuredSamples), source.Count),
            run.Stream.Split("measured")).HeldOut;
        (Tensor Inputs, Tensor Labels) samples = measured.Read(0, measured.Count);
        var reference = new SampleReference(run.Train!);
        (ProbeOptions Probe, UntrainedCheck? Check) how =
            (ProbeSettings.Options(context, FamiliesFor(start)), HardenSettings.CheckOf(context));
        run.Note($"measuring before and after on {measured.Count:N0} "
            + $"samples{(how.Check is null ? "" : ", with attacks not used in training")}");
        MeasuredNetwork before = Measured("before", start), after = Measured("after", hard);
        return new HardeningComparison(before, after, trained);

        MeasuredNetwork Measured(string when, Network network)
        {
            MeasuredNetwork found =
                MeasuredNetwork.Of(network, samples, reference, how, run.Stream.Split("measure"), context.Cancel);
            if (DecisionSpaceSection.WithoutGradient(found.Space) is { } warning)
            {
                run.Note($"{when}: {warning}");
            }

            return found;
        }
    }

    private IEnumerable<Section> Sections(
        Network start, Network hard, HardeningComparison found, FeedbackResult? result, IReadOnlyList<string> classes)
    {
        foreach (Section section in DecisionSpaceSection.Of(found, classes))
        {
            yield return section;
        }

        if (Slices(start, hard, classes) is { } slices)
        {
            yield return slices;
        }

        if (result is not null)
        {
            yield return DecisionSpaceSection.Of(result, classes);
        }
    }

    /// <summary>Pictures of planes through a few samples: the decision regions before and after.</summary>
    private Section? Slices(Network start, Network hard, IReadOnlyList<string> classes)
    {
        const int Count = 4;
        Dataset few = StratifiedSplit.Of(
            run.Validation!, Math.Min(3 * Count, run.Validation!.Count), run.Stream.Split("slices")).HeldOut;
        (Tensor inputs, Tensor labels) = few.Read(0, few.Count);
        (NetworkTarget before, NetworkTarget after) = (new NetworkTarget(start), new NetworkTarget(hard));
        inputs = inputs.Reshape([few.Count, .. before.SampleShape.AsSpan()]);
        ProbeResult probe = DecisionSpaceProbe.Run(
            before, inputs, labels.AsSpan<long>(), null, run.Stream.Split("slices"),
            new ProbeOptions { Families = [new AdversarialDirection(), new RandomDirections { Rays = 1 }] },
            context.Cancel);
        Picture[] pictures =
        [
            .. DecisionSlice.Of(before, probe, classes, Count, "before, ")
            .Zip(DecisionSlice.Of(after, probe, classes, Count, "after, "))
                .SelectMany(pair => new[] { pair.First, pair.Second }),
        ];
        return pictures.Length == 0
            ? null
            : new Section("Slices", [new Paragraph(DecisionSlice.Explanation), new PictureGrid(pictures)]);
    }

    private static IReadOnlyList<DirectionFamily> FamiliesFor(Network network) =>
        DirectionFamily.For(new NetworkTarget(network));

    /// <summary>Differences (after minus before) on the same samples, with 95 % intervals.</summary>
    private static JsonObject Differences(HardeningComparison found) => new(
    [
        .. (found.After.Attacked?.Accuracies ?? []).Zip(found.Before.Attacked?.Accuracies ?? []).Select(pair =>
        {
            AccuracyInterval difference = AccuracyInterval.OfDifference(pair.Second.IsRight, pair.First.IsRight);
            return KeyValuePair.Create($"{pair.First.Attack} {pair.First.Budget.Name}", (JsonNode?)new JsonArray(
                difference.Value, difference.Low, difference.High));
        }),
    ]);

    private static JsonObject Round(FeedbackRound round) => new()
    {
        ["round"] = round.Number,
        ["accuracy"] = JsonResult.Number(round.Accuracy),
        ["score"] = JsonResult.Number(round.Score),
        ["inequality"] = new JsonObject { ["range"] = JsonResult.Number(
            round.Space.Inequality.Range), ["gini"] = JsonResult.Number(round.Space.Inequality.Gini) },
        ["examples"] = new JsonArray([.. round.Feedback.Select(one => (JsonNode)new JsonObject
        {
            ["wanted"] = one.Wanted, ["made"] = one.Made, ["candidates"] = one.Candidates, ["rejected"] = one.Rejected,
        })]),
    };

    private static JsonObject Passes(PassCount training, PassCount probing) => new()
    {
        ["training_forwards"] = training.Forwards, ["training_backwards"] = training.Backwards,
        ["probing_forwards"] = probing.Forwards, ["probing_backwards"] = probing.Backwards,
    };
}
