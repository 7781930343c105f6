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
/// Feedback learning beside other defenses after as many forward and backward passes, over seeds, by attacks that none of them trains on. Each cell is a run in a
/// folder of its own that resumes; cells that were not asked for and have no result print <c>not run</c>.
/// </summary>
internal sealed class HardeningTable(HardeningScale scale, DataSets data, string folder)
{
    private const string Warm = "start", Feedback = "feedback", Equal = "feedback-gamma-0";

    private static readonly string[] Rows = [Warm, Feedback, Equal, .. Defense.Names, "pgd-awp"];

    internal static int Run(string[] args)
    {
        if (args.Length == 0)
        {
            Console.Error.WriteLine(
                "usage: harden DATA [network=lenet-5 count=20000 seeds=3 warm=10 rate=1e-3 batch=64 rounds=5 epochs=2 probed=2000 examples=0.3 share=0.3 ratefactor=0.1 epsilon=0.05 steps=10 defenserate=1 measured=500 queries=5000 linf=0.03 l2=0.5 rows=start,feedback,... folder=artifacts/harden]");
            Console.Error.WriteLine("       harden speed: how many paths of LeNet-5 are probed a second");
            return 2;
        }

        if (args[0] is "speed")
        {
            return ProbeSpeed();
        }

        Dictionary<string, string> set = args[1..].Select(arg => arg.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        HardeningScale scale = HardeningScale.Read(set);
        string name = string.Concat($"{args[0]}-{scale.Name}".Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' ? letter : '-'));
        string folder = Path.Combine(set.GetValueOrDefault("folder", "artifacts/harden"), name);
        new HardeningTable(scale, DataSource.Open(args[0]), folder).Fill(set.GetValueOrDefault("rows", "").Split(',', StringSplitOptions.RemoveEmptyEntries));
        return 0;
    }

    private void Fill(string[] wanted)
    {
        Console.WriteLine($"scale: {scale}; folder {folder}");
        Console.WriteLine("| row | seed | test, % | median DDN-100 L2 | AutoAttack linf, % (worst class) | AutoAttack L2, % (worst class) | inequality | medians by family | updates | passes, million | seconds |");
        foreach (string row in Rows)
        {
            for (ulong seed = 1; seed <= (ulong)scale.Seeds; seed++)
            {
                string path = PathOf(row, seed);
                if (!File.Exists(path) && wanted.Contains(row, StringComparer.Ordinal))
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    string text = Cell(row, seed).ToJsonString();
                    File.WriteAllText($"{path}.part", text);
                    File.Move($"{path}.part", path);
                }

                Console.WriteLine(File.Exists(path) ? Line(row, seed, JsonNode.Parse(File.ReadAllText(path))!) : $"| {row} | {seed} | not run | | | | | | | | |");
            }
        }
    }

    private string PathOf(string row, ulong seed) => Path.Combine(folder, $"{row}-{seed}", "cell.json");

    private JsonObject Cell(string row, ulong seed)
    {
        (Dataset train, Dataset validation) = data.SplitValidation(data.Train.Count / 10, RandomStream.FromSeed(seed).Split("validation"));
        (train, validation) = (train.Take(scale.Count), validation.Take(2000));
        (Dataset Train, Dataset Validation) parts = (train, validation);
        Directory.CreateDirectory(Path.Combine(folder, $"{Warm}-{seed}"));
        TrainingOptions training = new() { Seed = seed, Epochs = scale.WarmEpochs, BatchSize = scale.Batch, Optimizer = new Adam { LearningRate = scale.Rate }, Schedule = new CosineSchedule() };
        var zoo = new ZooOptions { Input = InputSpec.Image(train.SampleShape[0], train.SampleShape[1], train.SampleShape[2]), Classes = train.ClassNames.Count };
        Network start = new FeedbackRun(parts, Stages(Warm, seed)).Fit("train", NetworkZoo.Create(scale.Network, zoo).Initialize(RandomStream.FromSeed(seed).Split("weights")), training).Network;
        long began = Stopwatch.GetTimestamp();
        (Network hard, long updates, PassCount passes, string note) = row switch
        {
            Warm => (start, 0L, default(PassCount), ""),
            Feedback or Equal => ByFeedback(row, seed, start, parts, training),
            _ => ByDefense(row, seed, start, parts, training),
        };
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return Measured(hard, seed, train, new JsonObject
        {
            ["updates"] = updates, ["passes"] = passes.Total, ["seconds"] = Math.Round(seconds, 1), ["note"] = note,
        });
    }

    private (Network Network, long Updates, PassCount Passes, string Note) ByFeedback(string row, ulong seed, Network start, (Dataset Train, Dataset Validation) parts, TrainingOptions training)
    {
        var options = new FeedbackOptions
        {
            Seed = seed, Training = training, Rounds = scale.Rounds, Epochs = scale.Epochs, MaxProbed = scale.Probed, ExamplePart = scale.Examples, FeedbackShare = scale.Share,
            RateFactor = scale.RateFactor, Gamma = row is Equal ? 0 : 1, MaxAccuracyDrop = scale.Drop,
        };
        FeedbackResult result = FeedbackLearning.Run(start, options, new FeedbackRun(parts, Stages(row, seed)));
        long updates = (result.Rounds.Count - 1L) * scale.Epochs * ((parts.Train.Count + scale.Batch - 1) / scale.Batch);
        return (result.Network, updates, result.Training + result.Probing, $"round {result.Best} of {result.Rounds.Count - 1}, {(result.IsWithinBound ? "within" : "outside")} the bound; {result.StopReason}");
    }

    /// <summary>As many passes as feedback learning took with this seed, or as its rounds train at most where it has not run.</summary>
    private (Network Network, long Updates, PassCount Passes, string Note) ByDefense(string row, ulong seed, Network start, (Dataset Train, Dataset Validation) parts, TrainingOptions training)
    {
        long budget = File.Exists(PathOf(Feedback, seed))
            ? (long)JsonNode.Parse(File.ReadAllText(PathOf(Feedback, seed)))!["passes"]!
            : PassCount.Plain.Total * parts.Train.Count * scale.Rounds * scale.Epochs;
        Defense defense = Defense.Create(
            row.Split('-')[0], new InnerAttack { Epsilon = scale.Epsilon, Steps = scale.Steps }, parts.Validation.Take(500), seed, row.EndsWith("-awp", StringComparison.Ordinal) ? 0.01 : 0);
        int epochs = defense.EpochsFor(budget, parts.Train.Count);
        bool isAttacked = defense.Objective is AdversarialObjective;
        training = training with
        {
            Epochs = epochs, Objective = defense.Objective, Edits = defense.Edits,
            Optimizer = new Adam { LearningRate = (float)(scale.Rate * (isAttacked ? scale.DefenseRate : scale.RateFactor)) },
        };
        TrainingResult trained = new FeedbackRun(parts, Stages(row, seed)).Fit(row, start, training);
        return (defense.NetworkOf(trained), trained.Steps, defense.Passes * ((long)epochs * parts.Train.Count), $"{epochs} epochs");
    }

    private StagedRun Stages(string row, ulong seed)
    {
        string path = Path.Combine(folder, $"{row}-{seed}");
        Directory.CreateDirectory(path);
        return new StagedRun(RunFolder.Open(path), TimeProvider.System);
    }

    private JsonObject Measured(Network network, ulong seed, Dataset train, JsonObject cell)
    {
        Dataset test = StratifiedSplit.Of(data.Test, Math.Min(scale.Measured, data.Test.Count), RandomStream.FromSeed(99).Split("measured")).HeldOut;
        (Tensor Inputs, Tensor Labels) samples = test.Read(0, test.Count);
        var check = new UntrainedCheck { Budgets = [new AttackBudget(Norm.Linf, scale.Linf), new AttackBudget(Norm.L2, scale.L2)], Queries = scale.Queries };
        MeasuredNetwork found = MeasuredNetwork.Of(network, samples, new SampleReference(train), (new ProbeOptions(), check), RandomStream.FromSeed(seed).Split("measure"));
        cell["test"] = Evaluator.Evaluate(network, data.Test).Accuracy;
        cell["ddn"] = found.Attacked!.MedianDistance;
        cell["inequality"] = found.Space.Inequality.Range;
        cell["gini"] = found.Space.Inequality.Gini;
        foreach (AttackedAccuracy accuracy in found.Attacked.Accuracies.Where(one => one.Attack is "autoattack"))
        {
            cell[accuracy.Budget.Name] = accuracy.Value;
            cell[$"{accuracy.Budget.Name} worst"] = accuracy.OfClasses(found.Attacked.Labels, found.Space.Counts.Count).Where(double.IsFinite).Min();
        }

        cell["medians"] = string.Join(' ', found.Space.Families.Select(family => string.Create(CultureInfo.InvariantCulture, $"{family.Family.Name} {family.All.Median:G3}")));
        return cell;
    }

    private string Line(string row, ulong seed, JsonNode cell)
    {
        string linf = new AttackBudget(Norm.Linf, scale.Linf).Name, l2 = new AttackBudget(Norm.L2, scale.L2).Name;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {row} | {seed} | {Part("test")} | {(double)cell["ddn"]!:F3} | {Part(linf)} ({Part($"{linf} worst")}) | {Part(l2)} ({Part($"{l2} worst")}) | {(double)cell["inequality"]!:F3} | {cell["medians"]} | {cell["updates"]} | {(long)cell["passes"]! / 1e6:F2} | {cell["seconds"]} | {cell["note"]}");

        string Part(string name) => ((double)cell[name]! * 100).ToString("F2", CultureInfo.InvariantCulture);
    }

    /// <summary>Paths of all ray families on LeNet-5 with random weights: the time does not depend on them much.</summary>
    private static int ProbeSpeed()
    {
        DataSets shapes = DataSource.Open("synth:shapes?count=1500&classes=10&size=28");
        Network network = NetworkZoo.Create("lenet-5").Initialize(RandomStream.FromSeed(1));
        network = Trainer.Fit(network, shapes.Train, shapes.Train.Take(100), new TrainingOptions { Seed = 1, Epochs = 2, Optimizer = new Adam() }).Network;
        (Tensor inputs, Tensor labels) = shapes.Train.Read(0, 500);
        var reference = new SampleReference(shapes.Train);
        for (int round = 0; round < 2; round++)
        {
            long start = Stopwatch.GetTimestamp();
            ProbeResult found = DecisionSpaceProbe.Run(new NetworkTarget(network), inputs, labels.AsSpan<long>(), reference, RandomStream.FromSeed(1));
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine(FormattableString.Invariant(
                $"| LeNet-5 | {found.Paths.Count} paths | {found.Forwards / (double)found.Paths.Count:F1} forward passes a path | {seconds:F2} s | {found.Paths.Count / seconds:F0} paths a second, bar 2,000 |"));
        }

        return 0;
    }
}

/// <summary>The scale of a table, fixed before its results.</summary>
internal sealed record HardeningScale(
    string Network, int Count, int Seeds, int WarmEpochs, float Rate, int Batch, int Rounds, int Epochs, int Probed, double Examples, double Share, double RateFactor,
    double Epsilon, int Steps, double DefenseRate, int Measured, int Queries, double Linf, double L2, double Drop)
{
    /// <summary>What tells the folders of two scales apart; seeds do not.</summary>
    internal string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"{Network}-{Count}-{WarmEpochs}-{Rate}-{Batch}-{Rounds}x{Epochs}-{Probed}-{Examples}-{Share}-{RateFactor}-{Epsilon}x{Steps}-{DefenseRate}-{Measured}-{Queries}-{Linf}-{L2}-{Drop}");

    internal static HardeningScale Read(Dictionary<string, string> set)
    {
        return new(
            set.GetValueOrDefault("network", "lenet-5"), (int)Number("count", 20_000), (int)Number("seeds", 3), (int)Number("warm", 10), (float)Number("rate", 1e-3), (int)Number("batch", 64),
            (int)Number("rounds", 5), (int)Number("epochs", 2), (int)Number("probed", 2000), Number("examples", 0.3), Number("share", 0.3), Number("ratefactor", 0.1),
            Number("epsilon", 0.05), (int)Number("steps", 10), Number("defenserate", 1), (int)Number("measured", 500), (int)Number("queries", 5000), Number("linf", 0.03), Number("l2", 0.5),
            Number("drop", 0.005));

        double Number(string name, double usual) => set.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : usual;
    }
}
