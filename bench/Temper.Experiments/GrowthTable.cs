using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Growth;
using Temper.Growth.Blocks;
using Temper.Growth.Initializers;
using Temper.Growth.Limits;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>
/// Growth over seeds: initializers, periodic (p) and convergent (c) growth, roll-back, and the networks found trained
/// from scratch. Each cell is a resumable run in its own folder; cells that were not requested and have no result print
/// <c>not run</c>.
/// </summary>
internal sealed class GrowthTable(GrowthScale scale, DataSets data, string folder)
{
    private static readonly string[] Rows =
    [
        "p-gaussian", "p-uniform", "p-adam", "p-zero", "c-gaussian", "p-default", "p-identity", "rollback",
        "rollback-trim", "paired", "random", "net2net", "scratch", "scratch-long", "scratch-rates", "grid",
        .. GrowthLimitRows.Names,
    ];

    /// <summary>Depths per stage of the networks that the grid trains from scratch.</summary>
    private static readonly int[] GridDepths = [1, 2, 4, 8];

    internal static int Run(string[] args)
    {
        if (args.Length == 0)
        {
            Console.Error.WriteLine(
                "usage: growth DATA [family=basic3 widths=8,16,32 count=10000 seeds=3 interval=3 window=12 finish=15 "
                + "rate=0.1 batch=128 most=60 crop=0 mirror=0 grown=rollback rates=0.1,0.03,0.01,0.003 seconds=120 "
                + "rows=p-gaussian,... folder=artifacts/growth]");
            return 2;
        }

        var given = new TableArguments(
            "growth", args[1..], "family", "widths", "count", "seeds", "interval", "window", "finish", "rate", "batch",
            "most", "crop", "mirror", "grown", "rates", "seconds", "rows", "folder");
        GrowthScale scale = GrowthScale.Read(given);
        string name = string.Concat(
            $"{args[0]}-{scale}".Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' ? letter : '-'));
        string folder = Path.Combine(given.Text("folder", "artifacts/growth"), name);
        int seeds = given.Count("seeds", 3);
        new GrowthTable(scale, DataSource.Open(args[0]), folder).Fill(given.List("rows", ""), seeds);
        return 0;
    }

    private void Fill(string[] wanted, int seeds)
    {
        Console.WriteLine($"scale: {scale}; folder {folder}");
        GrowthBars.Print(
            new SeedTable(folder, "| row | seed | depths | test, % | epochs | seconds | |", Cell, Line)
                .Fill(Rows, wanted, seeds),
            scale.Grown);
    }

    private static string Line(string row, string seed, IReadOnlyList<JsonNode> cells)
    {
        string depths = cells.Count == 1 ? (string)cells[0]["depths"]! : "",
            note = cells.Count == 1 ? (string?)cells[0]["note"] ?? "" : "";
        return $"| {row} | {seed} | {depths} | {Text("accuracy", 100, "F2")} | {Text("epochs", 1, "F0")} "
            + $"| {Text("seconds", 1, "F0")} | {note} |";

        string Text(string name, double factor, string format) =>
            SeedStatistics.Text([.. cells.Select(cell => (double)cell[name]! * factor)], format);
    }

    private JsonObject Cell(string row, ulong seed)
    {
        (Dataset train, Dataset validation) = data.SplitValidation(
            data.Train.Count / 10, RandomStream.FromSeed(seed).Split("validation"));
        int held = Math.Max(scale.Count / 5, 100);
        (train, validation) = (train.Take(scale.Count), validation.Take(held));
        RunFolder run = RunFolder.Open(Path.Combine(folder, $"{row}-{seed}"));
        var stages = new MethodRun((train, validation), new StagedRun(run, TimeProvider.System));
        TrainingOptions training = scale.Training(seed);
        if (GrowthLimitRows.Names.Contains(row, StringComparer.Ordinal))
        {
            GrowableNetwork start = Seed(seed);
            GrowthLimits limits = GrowthLimitRows.Of(row, start.Network, scale.Seconds, stages);
            GrowthResult limited = AutoGrow.Run(
                start, scale.Options() with { RollsBack = false, Limits = limits }, training, stages);
            JsonObject cell = Result(
                limited.Network.Network, limited.Network.Depths, limited.GrowthEpochs + limited.Finish.History.Count,
                limited.Record.Seconds, limited.GrowthEpochs);
            GrowthLimitRows.Judge(cell, limits, (start.Network, limited.Network.Network), limited.Record.Seconds);
            return cell;
        }

        switch (row)
        {
            case "scratch-rates":
                return ScratchRates(seed, stages, training);
            case "scratch" or "scratch-long":
                return Scratch(row, seed, stages, training);
            case "grid":
                return Grid(seed, stages, training);
            case "net2net":
                return Net2Net(seed, stages, training);
        }

        GrowthResult result = AutoGrow.Run(Seed(seed), Options(row), training, stages);
        return Result(
            result.Network.Network, result.Network.Depths,
            result.GrowthEpochs + result.RepairEpochs + result.Finish.History.Count, result.Record.Seconds,
            result.GrowthEpochs);
    }

    /// <summary>
    /// Trains the network found by the grown row from new random weights: for the epochs of its final training, or also
    /// for those of growing.
    /// </summary>
    private JsonObject Scratch(string row, ulong seed, MethodRun stages, TrainingOptions training)
    {
        (int[] depths, int all) = Found(seed);
        int epochs = row is "scratch" ? scale.Finish : all;
        long start = TimeProvider.System.GetTimestamp();
        TrainingResult trained = FromScratch(depths, (seed, "scratch"), stages, training, epochs);
        return Result(trained.Network, depths, epochs, TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0);
    }

    /// <summary>
    /// Trains the network found by the grown row from new random weights, for the epochs of growing and final training
    /// together, at each of several learning rates; held-out samples select one.
    /// </summary>
    private JsonObject ScratchRates(ulong seed, MethodRun stages, TrainingOptions training)
    {
        (int[] depths, int epochs) = Found(seed);
        long start = TimeProvider.System.GetTimestamp();
        (string Rate, TrainingResult Result)[] tried =
        [
            .. scale.Rates.Split(',').Select(rate => (rate, FromScratch(
                depths, (seed, $"rate-{rate}"), stages,
                training with
                {
                    Optimizer =
                        training.Optimizer with { LearningRate = float.Parse(rate, CultureInfo.InvariantCulture) },
                },
                epochs))),
        ];
        (string best, TrainingResult trained) = tried.MaxBy(one => Held(one.Result));
        JsonObject cell = Result(
            trained.Network, depths, epochs * tried.Length, TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0);
        cell["note"] = $"rate {best}; held out: "
            + string.Join(", ", tried.Select(one => string.Create(
                CultureInfo.InvariantCulture, $"{one.Rate} {Held(one.Result) * 100:F1} %")));
        return cell;

        static double Held(TrainingResult result) =>
            result.History.Count == 0 ? 0 : result.History[result.BestEpoch].ValidationAccuracy;
    }

    /// <summary>
    /// Trains a grid of depths from scratch with the epochs of the grown row, divided evenly among the depths; held-out
    /// samples select one of the networks.
    /// </summary>
    private JsonObject Grid(ulong seed, MethodRun stages, TrainingOptions training)
    {
        int epochs = Math.Max(1, Found(seed).Epochs / GridDepths.Length);
        long start = TimeProvider.System.GetTimestamp();
        (int[] Depths, TrainingResult Result)[] tried =
        [
            .. GridDepths.Select(depth => scale.FamilyOf().Widths.Select(_ => depth).ToArray())
                .Select(depths => (depths, FromScratch(depths, (seed, $"grid-{depths[0]}"), stages, training, epochs))),
        ];
        (int[] best, TrainingResult trained) = tried.MaxBy(
            one => one.Result.History[one.Result.BestEpoch].ValidationAccuracy);
        return Result(
            trained.Network, best, epochs * tried.Length, TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0);
    }

    /// <summary>
    /// Deepens in the manner of Net2Net, to the depths and with the epochs of the grown row: the seed network is
    /// trained to completion, gets all missing blocks in one step that does not change its outputs, and is trained for
    /// the epochs of the final training.
    /// </summary>
    private JsonObject Net2Net(ulong seed, MethodRun stages, TrainingOptions training)
    {
        (int[] depths, int all) = Found(seed);
        int first = Math.Max(1, all - scale.Finish);
        long start = TimeProvider.System.GetTimestamp();
        GrowableNetwork network = Seed(seed);
        TrainingResult teacher = stages.Fit(
            "teacher", network.Network, training with { Epochs = first, Schedule = AutoGrow.FinishSchedule(first) });
        network = network.With(teacher.Network);
        RandomStream stream = RandomStream.FromSeed(seed).Split("net2net");
        foreach (int stage in depths.SelectMany((depth, stage) => Enumerable.Repeat(stage, depth - 1)))
        {
            network = Deepened(network, stage, stream.Split(network.Depths.Sum()), stages, training);
        }

        TrainingResult student = stages.Fit(
            "student", network.Network,
            training with { Epochs = scale.Finish, Schedule = AutoGrow.FinishSchedule(scale.Finish) });
        return Result(
            student.Network, depths, first + scale.Finish, TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0);
    }

    private static GrowableNetwork Deepened(
        GrowableNetwork network, int stage, RandomStream stream, MethodRun stages, TrainingOptions training)
    {
        GrowableNetwork deeper = network.Append(stage, stream.Split("block"));
        BlockInitializer keeps = deeper.Stages[stage].IsResidual ? new ZeroInit() : new IdentityInit();
        return deeper.With(keeps.Initialize(deeper.Network, deeper.Stages[stage].Blocks[^1], new InitializerSetting
        {
            Before = network.Stages[stage].Blocks[^1], Train = stages.Train, Validation = stages.Validation,
            Training = training, TrainAccuracy = 1, Stream = stream,
        }));
    }

    private TrainingResult FromScratch(
        int[] depths, (ulong Seed, string Name) run, MethodRun stages, TrainingOptions training,
        int epochs) => stages.Fit(
        run.Name,
        GrowableNetwork.Of(scale.FamilyOf(), depths, Zoo()).Network.Initialize(
            RandomStream.FromSeed(run.Seed).Split("scratch")),
        training with { Epochs = epochs, Schedule = AutoGrow.FinishSchedule(epochs) });

    /// <summary>Returns the depths and epochs of the grown row, which the baselines use.</summary>
    /// <exception cref="TableArgumentException">The grown row has no result of this seed yet.</exception>
    private (int[] Depths, int Epochs) Found(ulong seed)
    {
        JsonNode grown = SeedTable.Read(folder, scale.Grown, seed)
            ?? throw new TableArgumentException(
                $"growth: the row {scale.Grown} has no result of seed {seed}, and this row uses its depths and epochs; "
                + $"run rows={scale.Grown}:{seed} first");
        return (
            [.. ((string)grown["depths"]!).Split('-').Select(text => int.Parse(text, CultureInfo.InvariantCulture))],
            (int)grown["epochs"]!);
    }

    private JsonObject Result(Network network, IReadOnlyList<int> depths, int epochs, double seconds, int growth) =>
        new()
    {
        ["depths"] = string.Join('-', depths),
        ["accuracy"] = Evaluator.Evaluate(network, data.Test).Accuracy,
        ["epochs"] = epochs,
        ["growth"] = growth,
        ["seconds"] = seconds,
    };

    private GrowthOptions Options(string row)
    {
        GrowthOptions paper = scale.Options() with
        {
            RollsBack = row is "rollback" or "rollback-trim" or "paired" or "random",
        };
        return row switch
        {
            "c-gaussian" => paper.Converged(scale.Window),
            "paired" => paper with { Stopping = new PairedGain { Window = scale.Window } },
            "random" => paper with { Growing = new RandomStage() },
            "rollback" => paper,
            "rollback-trim" => paper with { RepairEpochs = 0 },
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
        Input = InputSpec.Image(data.Train.SampleShape[0], data.Train.SampleShape[1], data.Train.SampleShape[2]),
        Classes = data.Train.ClassNames.Count,
    };
}
