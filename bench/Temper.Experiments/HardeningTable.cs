using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Robustness.Training;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>
/// Compares feedback learning with other defenses at equal numbers of forward and backward passes, over seeds, under
/// attacks that no defense trains on. Each cell is a resumable run in its own folder; cells that were not requested and
/// have no result print <c>not run</c>.
/// </summary>
internal sealed class HardeningTable(HardeningScale scale, DataSets data, string folder)
{
    internal const string Warm = "start", Feedback = "feedback", Equal = "feedback-gamma-0";

    private static readonly string[] Rows = [Warm, Feedback, Equal, .. Defense.Names, "pgd-awp"];

    internal static int Run(string[] args)
    {
        if (args.Length == 0)
        {
            Console.Error.WriteLine(
                "usage: harden DATA [network=lenet-5 count=20000 seeds=3 warm=10 rate=1e-3 batch=64 rounds=5 epochs=2 "
                + "probed=2000 examples=0.3 share=0.3 alpha=1.1 ratefactor=0.1 epsilon=0.05 steps=10 defenserate=1 "
                + "measured=500 queries=5000 linf=0.03 l2=0.5 drop=0.005 rows=start,feedback,... "
                + "folder=artifacts/harden]");
            Console.Error.WriteLine("       harden speed: measures how many paths of LeNet-5 are probed per second");
            return 2;
        }

        if (args[0] is "speed")
        {
            return ProbeSpeed.Run();
        }

        var given = new TableArguments(
            "harden", args[1..], "network", "count", "seeds", "warm", "rate", "batch", "rounds", "epochs", "probed",
            "examples", "share", "alpha", "ratefactor", "epsilon", "steps", "defenserate", "measured", "queries",
            "linf", "l2", "drop", "rows", "folder");
        HardeningScale scale = HardeningScale.Read(given);
        string name = string.Concat(
            $"{args[0]}-{scale.Name}".Select(
                letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' ? letter : '-'));
        string folder = Path.Combine(given.Text("folder", "artifacts/harden"), name);
        new HardeningTable(scale, DataSource.Open(args[0]), folder).Fill(given.List("rows", ""));
        return 0;
    }

    private void Fill(string[] wanted)
    {
        const string Header =
            "| row | seed | test, % | median DDN-100 L2 | AutoAttack linf, % (worst class) | AutoAttack L2, % (worst "
            + "class) | inequality | medians by family | updates | passes, million | seconds | |";
        Console.WriteLine($"scale: {scale}; folder {folder}");
        HardeningBars.Print(new SeedTable(folder, Header, Cell, Line).Fill(Rows, wanted, scale.Seeds), scale);
    }

    private JsonObject Cell(string row, ulong seed)
    {
        (Dataset train, Dataset validation) = data.SplitValidation(
            data.Train.Count / 10, RandomStream.FromSeed(seed).Split("validation"));
        (train, validation) = (train.Take(scale.Count), validation.Take(2000));
        (Dataset Train, Dataset Validation) parts = (train, validation);
        Directory.CreateDirectory(Path.Combine(folder, $"{Warm}-{seed}"));
        TrainingOptions training = new()
        {
            Seed = seed, Epochs = scale.WarmEpochs, BatchSize = scale.Batch,
            Optimizer = new Adam { LearningRate = scale.Rate }, Schedule = new CosineSchedule(),
        };
        var zoo = new ZooOptions
        {
            Input = InputSpec.Image(train.SampleShape[0], train.SampleShape[1], train.SampleShape[2]),
            Classes = train.ClassNames.Count,
        };
        Network start =
            new MethodRun(parts, Stages(Warm, seed)).Fit(
                "train", NetworkZoo.Create(scale.Network, zoo).Initialize(RandomStream.FromSeed(seed).Split("weights")),
                training).Network;
        long began = Stopwatch.GetTimestamp();
        Hardened hardened = row switch
        {
            Warm => new Hardened(start, 0, default, 0, ""),
            Feedback or Equal => ByFeedback(row, seed, start, parts, training),
            _ => ByDefense(row, seed, start, parts, training),
        };
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return Measured(hardened.Network, seed, train, new JsonObject
        {
            ["updates"] = hardened.Updates, ["passes"] = hardened.Passes.Total, ["epochs"] = hardened.Epochs,
            ["seconds"] = Math.Round(seconds, 1), ["note"] = hardened.Note,
        });
    }

    private Hardened ByFeedback(
        string row, ulong seed, Network start, (Dataset Train, Dataset Validation) parts, TrainingOptions training)
    {
        var options = new FeedbackOptions
        {
            Seed = seed, Training = training, Rounds = scale.Rounds, Epochs = scale.Epochs, MaxProbed = scale.Probed,
            ExamplePart = scale.Examples, FeedbackShare = scale.Share, MaxAlpha = scale.Alpha,
            RateFactor = scale.RateFactor, Gamma = row is Equal ? 0 : 1, MaxAccuracyDrop = scale.Drop,
        };
        FeedbackResult result = FeedbackLearning.Run(start, options, new MethodRun(parts, Stages(row, seed)));
        int epochs = (result.Rounds.Count - 1) * scale.Epochs;
        long updates = (long)epochs * ((parts.Train.Count + scale.Batch - 1) / scale.Batch);
        return new Hardened(
            result.Network, updates, result.Training + result.Probing, epochs,
            $"round {result.Best} of {result.Rounds.Count - 1}, {(result.IsWithinBound ? "within" : "outside")} the "
            + $"bound; {result.StopReason}");
    }

    /// <summary>
    /// Trains a defense with as many passes as feedback learning took with this seed or, if that has not been run, with
    /// the maximum number of training passes of its rounds.
    /// </summary>
    private Hardened ByDefense(
        string row, ulong seed, Network start, (Dataset Train, Dataset Validation) parts, TrainingOptions training)
    {
        long budget = SeedTable.Read(folder, Feedback, seed) is { } feedback
            ? (long)feedback["passes"]!
            : PassCount.Plain.Total * parts.Train.Count * scale.Rounds * scale.Epochs;
        Defense defense = Defense.Create(
            row.Split('-')[0], new InnerAttack { Epsilon = scale.Epsilon, Steps = scale.Steps },
            parts.Validation.Take(500), seed, row.EndsWith("-awp", StringComparison.Ordinal) ? 0.01 : 0);
        int epochs = defense.EpochsFor(budget, parts.Train.Count);
        bool isAttacked = defense.Objective is AdversarialObjective;
        training = training with
        {
            Epochs = epochs, Objective = defense.Objective, Edits = defense.Edits,
            Optimizer =
                new Adam { LearningRate = (float)(scale.Rate * (isAttacked ? scale.DefenseRate : scale.RateFactor)) },
        };
        TrainingResult trained = new MethodRun(parts, Stages(row, seed)).Fit(row, start, training);
        return new Hardened(
            defense.NetworkOf(trained), trained.Steps, defense.Passes * ((long)epochs * parts.Train.Count), epochs,
            $"{epochs} epochs");
    }

    private StagedRun Stages(string row, ulong seed)
    {
        string path = Path.Combine(folder, $"{row}-{seed}");
        Directory.CreateDirectory(path);
        return new StagedRun(RunFolder.Open(path), TimeProvider.System);
    }

    private JsonObject Measured(Network network, ulong seed, Dataset train, JsonObject cell)
    {
        Dataset test =
            StratifiedSplit.Of(
                data.Test, Math.Min(scale.Measured, data.Test.Count),
                RandomStream.FromSeed(99).Split("measured")).HeldOut;
        (Tensor Inputs, Tensor Labels) samples = test.Read(0, test.Count);
        var check = new UntrainedCheck { Budgets = scale.Budgets, Queries = scale.Queries };
        MeasuredNetwork found = MeasuredNetwork.Of(
            network, samples, new SampleReference(train), (new ProbeOptions(), check),
            RandomStream.FromSeed(seed).Split("measure"));
        cell["test"] = Evaluator.Evaluate(network, data.Test).Accuracy;
        cell["ddn"] = SeedTable.Json(found.Attacked!.MedianDistance);
        cell["inequality"] = SeedTable.Json(found.Space.Inequality.Range);
        cell["gini"] = SeedTable.Json(found.Space.Inequality.Gini);
        foreach (AttackedAccuracy accuracy in found.Attacked.Accuracies.Where(one => one.Attack is "autoattack"))
        {
            cell[accuracy.Budget.Name] = accuracy.Value;
            cell[HardeningBars.Worst(accuracy.Budget.Name)] =
                accuracy.OfClasses(found.Attacked.Labels, found.Space.Counts.Count).Where(double.IsFinite).Min();
        }

        cell["medians"] = new JsonObject(
            [
                .. found.Space.Families.Select(
                    family => KeyValuePair.Create(family.Family.Name, SeedTable.Json(family.All.Median))),
            ]);
        return cell;
    }

    private string Line(string row, string seed, IReadOnlyList<JsonNode> cells)
    {
        string linf = scale.Budgets[0].Name, l2 = scale.Budgets[1].Name;
        string medians = string.Join(' ', cells[0]["medians"]!.AsObject().Select(family =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{family.Key} {cells.Average(cell => SeedTable.Number(cell["medians"]![family.Key])):G3}")));
        string note = cells.Count == 1 ? (string)cells[0]["note"]! : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {row} | {seed} | {Part("test")} | {Text("ddn", 1, "F3")} | {Part(linf)} "
            + $"({Part(HardeningBars.Worst(linf))}) | {Part(l2)} ({Part(HardeningBars.Worst(l2))}) "
            + $"| {Text("inequality", 1, "F3")} | {medians} | {Text("updates", 1, "F0")} | "
            + $"{Text("passes", 1e-6, "F2")} | {Text("seconds", 1, "F0")} | {note} |");

        string Part(string name) => Text(name, 100, "F2");
        string Text(string name, double factor, string format) =>
            SeedStatistics.Text([.. cells.Select(cell => SeedTable.Number(cell[name]) * factor)], format);
    }

    /// <summary>Resulting network of a row, with its cost.</summary>
    private sealed record Hardened(Network Network, long Updates, PassCount Passes, int Epochs, string Note);
}
