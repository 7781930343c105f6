using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Growth;
using Temper.Growth.Blocks;
using Temper.Growth.Initializers;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>
/// Growth over seeds: initializers, p against c, roll-back, found networks from scratch. Each cell is a run in a folder of its own that resumes; cells
/// that were not asked for and have no result print <c>not run</c>.
/// </summary>
internal sealed class GrowthTable(GrowthScale scale, DataSets data, string folder)
{
    private static readonly string[] Rows = ["p-gaussian", "p-uniform", "p-adam", "p-zero", "c-gaussian", "rollback", "paired", "random", "scratch", "scratch-long"];

    /// <summary>Two-sided 95 % points of Student's t for 1 to 9 degrees of freedom.</summary>
    private static readonly double[] Student = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

    internal static int Run(string[] args)
    {
        if (args.Length == 0)
        {
            Console.Error.WriteLine(
                "usage: growth DATA [family=basic3 widths=8,16,32 count=10000 seeds=3 interval=3 window=12 finish=15 rate=0.1 batch=128 most=60 rows=p-gaussian,... folder=artifacts/growth]");
            return 2;
        }

        Dictionary<string, string> set = args[1..].Select(arg => arg.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        GrowthScale scale = GrowthScale.Read(set);
        string name = string.Concat($"{args[0]}-{scale}".Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' ? letter : '-'));
        string folder = Path.Combine(set.GetValueOrDefault("folder", "artifacts/growth"), name);
        new GrowthTable(scale, DataSource.Open(args[0]), folder).Fill(set.GetValueOrDefault("rows", "").Split(',', StringSplitOptions.RemoveEmptyEntries));
        return 0;
    }

    private void Fill(string[] wanted)
    {
        Console.WriteLine($"scale: {scale}; folder {folder}");
        Console.WriteLine("| row | seed | depths | test, % | epochs | seconds |");
        foreach (string row in Rows)
        {
            var accuracies = new List<double>();
            for (ulong seed = 1; seed <= (ulong)scale.Seeds; seed++)
            {
                string path = Path.Combine(folder, $"{row}-{seed}", "cell.json");
                if (!File.Exists(path) && wanted.Contains(row, StringComparer.Ordinal))
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    JsonObject cell = Cell(row, seed);
                    File.WriteAllText(path, cell.ToJsonString());
                }

                JsonNode? found = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) : null;
                Console.WriteLine(found is null
                    ? $"| {row} | {seed} | not run | | | |"
                    : string.Create(CultureInfo.InvariantCulture, $"| {row} | {seed} | {found["depths"]} | {(double)found["accuracy"]! * 100:F2} | {found["epochs"]} | {(double)found["seconds"]!:F0} |"));
                accuracies.AddRange(found is null ? [] : [(double)found["accuracy"]! * 100]);
            }

            Console.WriteLine(accuracies.Count > 0 ? $"| {row} | mean | | {Interval(accuracies)} | | |" : $"| {row} | mean | | not run | | |");
        }
    }

    private JsonObject Cell(string row, ulong seed)
    {
        (Dataset train, Dataset validation) = data.SplitValidation(data.Train.Count / 10, RandomStream.FromSeed(seed).Split("validation"));
        int held = Math.Max(scale.Count / 5, 100);
        (train, validation) = (train.Take(scale.Count), validation.Take(held));
        RunFolder run = RunFolder.Open(Path.Combine(folder, $"{row}-{seed}"));
        var stages = new GrowthRun((train, validation), new StagedRun(run, TimeProvider.System));
        TrainingOptions training = scale.Training(seed);
        if (row.StartsWith("scratch", StringComparison.Ordinal))
        {
            return Scratch(row, seed, stages, training);
        }

        GrowthResult result = AutoGrow.Run(Seed(seed), Options(row), training, stages);
        return Result(result.Network.Network, result.Network.Depths, result.GrowthEpochs + result.Finish.History.Count, result.Record.Seconds, result.GrowthEpochs);
    }

    /// <summary>The network that roll-back found, from fresh weights: for the epochs of its final training, or for those of growing as well.</summary>
    private JsonObject Scratch(string row, ulong seed, GrowthRun stages, TrainingOptions training)
    {
        string path = Path.Combine(folder, $"rollback-{seed}", "cell.json");
        JsonNode grown = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))! : throw new InvalidOperationException("run the row rollback first");
        int[] depths = [.. ((string)grown["depths"]!).Split('-').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        int epochs = row is "scratch" ? scale.Finish : (int)grown["epochs"]!;
        Network network = GrowableNetwork.Of(scale.FamilyOf(), depths, Zoo()).Network.Initialize(RandomStream.FromSeed(seed).Split("scratch"));
        long start = TimeProvider.System.GetTimestamp();
        TrainingResult trained = stages.Fit("scratch", network, training with { Epochs = epochs, Schedule = AutoGrow.FinishSchedule(epochs) });
        return Result(trained.Network, depths, epochs, TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0);
    }

    private JsonObject Result(Network network, IReadOnlyList<int> depths, int epochs, double seconds, int growth) => new()
    {
        ["depths"] = string.Join('-', depths),
        ["accuracy"] = Evaluator.Evaluate(network, data.Test).Accuracy,
        ["epochs"] = epochs,
        ["growth"] = growth,
        ["seconds"] = seconds,
    };

    private GrowthOptions Options(string row)
    {
        GrowthOptions paper = scale.Options() with { RollsBack = row is "rollback" or "paired" or "random" };
        return row switch
        {
            "c-gaussian" => paper.Converged(scale.Window),
            "paired" => paper with { Stopping = new PairedGain { Window = scale.Window } },
            "random" => paper with { Growing = new RandomStage() },
            "rollback" => paper,
            _ => paper with { Initializer = BlockInitializer.ByName(row[2..]) },
        };
    }

    private GrowableNetwork Seed(ulong seed)
    {
        StagedFamily family = scale.FamilyOf();
        var start = GrowableNetwork.Of(family, [.. family.Widths.Select(_ => 1)], Zoo());
        return start.With(start.Network.Initialize(RandomStream.FromSeed(seed).Split("weights")));
    }

    private ZooOptions Zoo() => new()
    {
        Input = InputSpec.Image(data.Train.SampleShape[0], data.Train.SampleShape[1], data.Train.SampleShape[2]), Classes = data.Train.ClassNames.Count,
    };

    private static string Interval(List<double> values)
    {
        double mean = values.Average();
        if (values.Count < 2)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{mean:F2}");
        }

        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        return string.Create(CultureInfo.InvariantCulture, $"{mean:F2} ± {Student[Math.Min(values.Count - 2, Student.Length - 1)] * deviation / Math.Sqrt(values.Count):F2}");
    }
}

/// <summary>How large a table is: fixed before any result is seen.</summary>
internal sealed record GrowthScale(string Family, string Widths, int Count, int Seeds, int Interval, int Window, int Finish, double Rate, int Batch, int Most)
{
    internal static GrowthScale Read(Dictionary<string, string> set) => new(
        set.GetValueOrDefault("family", "basic3"), set.GetValueOrDefault("widths", "8,16,32"), Number(set, "count", 10_000), Number(set, "seeds", 3),
        Number(set, "interval", 3), Number(set, "window", 12), Number(set, "finish", 15),
        double.Parse(set.GetValueOrDefault("rate", "0.1"), CultureInfo.InvariantCulture), Number(set, "batch", 128), Number(set, "most", 60));

    internal StagedFamily FamilyOf() => StagedFamily.ByName(Family) with
    {
        Widths = [.. Widths.Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))],
    };

    internal GrowthOptions Options() => new() { Interval = Interval, Stopping = new AccuracyGain { Window = Window }, FinishEpochs = Finish, MaxEpochs = Most };

    internal TrainingOptions Training(ulong seed) => new()
    {
        Seed = seed, BatchSize = Batch, Optimizer = new Sgd { LearningRate = (float)Rate, Momentum = 0.9f, WeightDecay = 5e-4f },
    };

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Family} {Widths} count {Count} K {Interval} J {Window} N {Finish} rate {Rate} batch {Batch} most {Most}");

    private static int Number(Dictionary<string, string> set, string name, int usual) =>
        set.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : usual;
}
