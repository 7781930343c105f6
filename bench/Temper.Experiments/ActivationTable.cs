using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Compression.Activations;
using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Data.Augmentation;
using Temper.Inference;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>
/// Compares JPnet and DASNet with their baselines, over seeds. Each cell is a resumable run in its own folder; cells
/// that were not requested and have no result print <c>not run</c>. Settings are fixed by the command line before
/// results are known; the test samples are used once, at the end of a cell.
/// </summary>
internal sealed class ActivationTable(ActivationScale scale, DataSets data, string folder)
{
    /// <summary>Number of test samples on which MACs are counted.</summary>
    private const int Counted = 1000;

    internal static int Run(string[] args)
    {
        if (args.Length < 3)
        {
            Console.Error.WriteLine(
                "usage: jpnet|dasnet DATA NETWORK [function=relu|leaky|tanh seeds=3 count=all dense=20 regularize=10 "
                + "tune=5 trials=4 drop=0.4 rate=1e-3 batch=128 pressure=1 first=0.1 crop=0 rows=joint,... "
                + "folder=artifacts/activations]");
            return 2;
        }

        var given = new TableArguments(
            args[0], args[3..], "function", "seeds", "count", "dense", "regularize", "tune", "trials", "drop", "rate",
            "batch", "pressure", "first", "crop", "rows", "folder");
        ActivationScale scale = ActivationScale.Read(args[0], args[2], given);
        string name = string.Concat(
            $"{args[1]}-{scale}".Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' ? letter : '-'));
        string folder = Path.Combine(given.Text("folder", "artifacts/activations"), name);
        int seeds = given.Count("seeds", 3);
        new ActivationTable(scale, DataSource.Open(args[1]), folder).Fill(given.List("rows", ""), seeds);
        return 0;
    }

    private void Fill(string[] wanted, int seeds)
    {
        Console.WriteLine($"scale: {scale}; folder {folder}");
        const string Header =
            "| row | seed | lost, points | test, % | weights left, % | activations, % | MACs left, inputs counted, % "
            + "| skipped, % | ms, dense | ms |";
        new SeedTable(folder, Header, Cell, Line).Fill(scale.Rows, wanted, seeds);
    }

    private static string Line(string row, string seed, IReadOnlyList<JsonNode> cells)
    {
        double Mean(string name) => cells.Average(cell => (double)cell[name]!);
        return string.Create(CultureInfo.InvariantCulture,
            $"| {row} | {seed} | {Mean("lost") * 100:F2} | {Mean("test") * 100:F2} | {Mean("weights") * 100:F2} | "
            + $"{Mean("activations") * 100:F2} | "
            + $"{Mean("counted") * 100:F3} | {Mean("skipped") * 100:F3} | {Mean("dense_ms"):F3} | {Mean("ms"):F3} |");
    }

    private JsonObject Cell(string row, ulong seed)
    {
        (Dataset train, Dataset validation) = data.SplitValidation(
            data.Train.Count / 10, RandomStream.FromSeed(seed).Split("validation"));
        train = scale.Count > 0 ? train.Take(scale.Count) : train;
        Network dense = Dense(seed, train, validation);
        var stages = new TableRun(Folder($"{row}-{seed}"), train, validation);
        CompressionResult result = CompressionPipeline.Run(dense, scale.Options(row, seed), stages);
        double before = Evaluator.Evaluate(dense, data.Test).Accuracy,
            after = Evaluator.Evaluate(result.Network, data.Test).Accuracy;
        ActivationCount count = ActivationCount.Of(result.Network, data.Test, Counted);
        IReadOnlyList<double> times = NetworkTiming.Milliseconds([dense, result.Network], 1);
        double macs = dense.Cost().Macs;
        return new JsonObject
        {
            ["test"] = after,
            ["lost"] = before - after,
            ["within_bound"] = result.IsWithinBound,
            ["chosen"] = result.Chosen?.Label,
            ["weights"] =
                (double)Compression.Pruning.SparsityReport.Of(result.Network).Nonzero
                    / Compression.Pruning.SparsityReport.Of(dense).Total,
            ["activations"] = count.Activations,
            ["counted"] = count.MacsZeroInputsCounted / macs,
            ["skipped"] = count.MacsZeroInputsSkipped / macs,
            ["dense_ms"] = times[0],
            ["ms"] = times[1],
        };
    }

    /// <summary>Returns the dense network of a seed, which all rows share.</summary>
    private Network Dense(ulong seed, Dataset train, Dataset validation)
    {
        var zoo = new ZooOptions
        {
            Input = InputSpec.Image(
                data.Train.SampleShape[0], data.Train.SampleShape[1], data.Train.SampleShape[2], 0, 1),
            Classes = data.Train.ClassNames.Count,
        };
        Network network = scale.WithFunction(NetworkZoo.Create(scale.Network, zoo)).Initialize(
            RandomStream.FromSeed(seed).Split("weights"));
        return new TableRun(Folder($"dense-{seed}"), train, validation).Fit(
            "dense", network,
            scale.Training(seed) with { Epochs = scale.Dense, Schedule = new CosineSchedule() }).Network;
    }

    private RunFolder Folder(string name) =>
        RunFolder.Open(Directory.CreateDirectory(Path.Combine(folder, name)).FullName);
}

/// <summary>Scale of a table; fixed before results are known.</summary>
internal sealed record ActivationScale(
    string Method, string Network, string Function, int Count, int Dense, int Regularize, int Tune, int Trials,
    double Drop, double Rate, int Batch, double Pressure,
    double First, int Crop)
{
    /// <summary>Minimum crop for which pictures are also mirrored; digits, which use smaller crops, are not.</summary>
    private const int Pictures = 4;

    internal string[] Rows => Method is "jpnet"
        ? ["joint", "hoyer-square", "magnitude", "winners", "weights-winners"]
        : ["winners", "winners-blocks", "channels"];

    internal static ActivationScale Read(string method, string network, TableArguments given) => new(
        method, network, given.Choice("function", "relu", "leaky", "tanh"),
        given.Text("count", "all") is "all" ? 0 : given.Count("count", 0), given.Count("dense", 20),
        given.Count("regularize", 10), given.Count("tune", 5), given.Count("trials", 4), given.Real("drop", 0.4),
        given.Real("rate", 1e-3), given.Count("batch", 128), given.Real("pressure", 1),
        given.Real("first", 0.1), given.Count("crop", 0));

    /// <summary>Rows that prune weights only get as many trials as both stages of joint pruning together.</summary>
    internal CompressionOptions Options(string row, ulong seed)
    {
        var options = new CompressionOptions
        {
            Seed = seed, MaxAccuracyDrop = Drop, RegularizeEpochs = Regularize, TuneEpochs = Tune, Trials = Trials,
            Pressure = Pressure, Goal = CompressionGoal.Macs,
            Structure = CompressionStructure.Element, Training = Training(seed), FirstKept = First,
        };
        return row switch
        {
            "joint" => options with { Activations = CompressionActivations.Joint },
            "weights-winners" => options with { Activations = CompressionActivations.Winners },
            "hoyer-square" => options with { Trials = 2 * Trials },
            "magnitude" => options with { Trials = 2 * Trials, RegularizeEpochs = 0 },
            "winners" =>
                options with { Structure = CompressionStructure.None, Activations = CompressionActivations.Winners },
            "winners-blocks" =>
                options with
                {
                    Structure = CompressionStructure.Blocks, FirstKept = null,
                    Activations = CompressionActivations.Winners,
                },
            _ => options with { Structure = CompressionStructure.Channels, FirstKept = null },
        };
    }

    internal TrainingOptions Training(ulong seed) => new()
    {
        Seed = seed, BatchSize = Batch, Optimizer = new Adam { LearningRate = (float)Rate },
        Transforms =
            Crop >= Pictures ? [new RandomCrop(Crop), new HorizontalFlip()] : Crop > 0 ? [new RandomCrop(Crop)] : [],
    };

    internal Network WithFunction(Network network)
    {
        foreach (Node node in network.Nodes.Where(node => node.Operator is Relu && Function is not "relu"))
        {
            network = network.Replace(node.Name, Function is "tanh" ? new Networks.Tanh() : new LeakyRelu());
        }

        return network;
    }
}
