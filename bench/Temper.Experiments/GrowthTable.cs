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
    private static readonly string[] Rows = ["p-gaussian", "p-uniform", "p-adam", "p-zero", "c-gaussian", "rollback", "paired", "random", "net2net", "scratch", "scratch-long", "grid"];

    /// <summary>Depths of every stage that the grid trains from scratch.</summary>
    private static readonly int[] GridDepths = [1, 2, 4, 8];

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
        switch (row)
        {
            case "scratch" or "scratch-long":
                return Scratch(row, seed, stages, training);
            case "grid":
                return Grid(seed, stages, training);
            case "net2net":
                return Net2Net(seed, stages, training);
        }

        GrowthResult result = AutoGrow.Run(Seed(seed), Options(row), training, stages);
        return Result(result.Network.Network, result.Network.Depths, result.GrowthEpochs + result.Finish.History.Count, result.Record.Seconds, result.GrowthEpochs);
    }

    /// <summary>The network that roll-back found, from fresh weights: for the epochs of its final training, or for those of growing as well.</summary>
    private JsonObject Scratch(string row, ulong seed, GrowthRun stages, TrainingOptions training)
    {
        (int[] depths, int all) = RolledBack(seed);
        int epochs = row is "scratch" ? scale.Finish : all;
        long start = TimeProvider.System.GetTimestamp();
        TrainingResult trained = FromScratch(depths, (seed, "scratch"), stages, training, epochs);
        return Result(trained.Network, depths, epochs, TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0);
    }

    /// <summary>
    /// A grid of depths from scratch under the budget of roll-back: its epochs are divided evenly among the depths, and held-out samples choose
    /// one of the networks.
    /// </summary>
    private JsonObject Grid(ulong seed, GrowthRun stages, TrainingOptions training)
    {
        int epochs = Math.Max(1, RolledBack(seed).Epochs / GridDepths.Length);
        long start = TimeProvider.System.GetTimestamp();
        (int[] Depths, TrainingResult Result)[] tried =
        [
            .. GridDepths.Select(depth => scale.FamilyOf().Widths.Select(_ => depth).ToArray())
                .Select(depths => (depths, FromScratch(depths, (seed, $"grid-{depths[0]}"), stages, training, epochs))),
        ];
        (int[] best, TrainingResult trained) = tried.MaxBy(one => one.Result.History[one.Result.BestEpoch].ValidationAccuracy);
        return Result(trained.Network, best, epochs * tried.Length, TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0);
    }

    /// <summary>
    /// Deepening in the manner of Net2Net, to the depths and with the epochs of roll-back: the seed is trained to the end, gets all missing blocks at
    /// once such that its outputs stay, and is trained on for as many epochs as the final training has.
    /// </summary>
    private JsonObject Net2Net(ulong seed, GrowthRun stages, TrainingOptions training)
    {
        (int[] depths, int all) = RolledBack(seed);
        int first = Math.Max(1, all - scale.Finish);
        long start = TimeProvider.System.GetTimestamp();
        GrowableNetwork network = Seed(seed);
        TrainingResult teacher = stages.Fit("teacher", network.Network, training with { Epochs = first, Schedule = AutoGrow.FinishSchedule(first) });
        network = network.With(teacher.Network);
        RandomStream stream = RandomStream.FromSeed(seed).Split("net2net");
        foreach (int stage in depths.SelectMany((depth, stage) => Enumerable.Repeat(stage, depth - 1)))
        {
            network = Deepened(network, stage, stream.Split(network.Depths.Sum()), stages, training);
        }

        TrainingResult student = stages.Fit("student", network.Network, training with { Epochs = scale.Finish, Schedule = AutoGrow.FinishSchedule(scale.Finish) });
        return Result(student.Network, depths, first + scale.Finish, TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0);
    }

    private static GrowableNetwork Deepened(GrowableNetwork network, int stage, RandomStream stream, GrowthRun stages, TrainingOptions training)
    {
        GrowableNetwork deeper = network.Append(stage, stream.Split("block"));
        BlockInitializer keeps = deeper.Stages[stage].IsResidual ? new ZeroInit() : new IdentityInit();
        return deeper.With(keeps.Initialize(deeper.Network, deeper.Stages[stage].Blocks[^1], new InitializerSetting
        {
            Before = network.Stages[stage].Blocks[^1], Train = stages.Train, Validation = stages.Validation, Training = training, TrainAccuracy = 1, Stream = stream,
        }));
    }

    private TrainingResult FromScratch(int[] depths, (ulong Seed, string Name) run, GrowthRun stages, TrainingOptions training, int epochs) => stages.Fit(
        run.Name,
        GrowableNetwork.Of(scale.FamilyOf(), depths, Zoo()).Network.Initialize(RandomStream.FromSeed(run.Seed).Split("scratch")),
        training with { Epochs = epochs, Schedule = AutoGrow.FinishSchedule(epochs) });

    /// <summary>What the row of roll-back found: baselines get its depths or its epochs.</summary>
    private (int[] Depths, int Epochs) RolledBack(ulong seed)
    {
        string path = Path.Combine(folder, $"rollback-{seed}", "cell.json");
        JsonNode grown = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))! : throw new InvalidOperationException("growth: run the row rollback first; baselines take its depths and epochs");
        return ([.. ((string)grown["depths"]!).Split('-').Select(text => int.Parse(text, CultureInfo.InvariantCulture))], (int)grown["epochs"]!);
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
