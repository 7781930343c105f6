using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Data.Augmentation;
using Temper.Networks;
using Temper.Optimization;
using Temper.Privacy.Morphing;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>
/// Accuracy with and without morphing, over seeds. The first convolution must exist before training, so it is newly
/// initialized and frozen in both <c>frozen</c> and <c>morphed</c>; everything else of a seed is the same. <c>plain</c>
/// trains the first convolution too. <c>augmented</c> also crops and mirrors, which morphed rows do not allow; the
/// difference between <c>augmented</c> and <c>morphed</c> is the loss for the trainer. Each cell is a resumable run in
/// its own folder; the test samples are used once, at the end of a cell.
/// </summary>
internal sealed class MorphAccuracy(MorphScale scale, DataSets data, string folder)
{
    private static readonly string[] Names = ["plain", "frozen", "morphed", "augmented"];

    internal static int Run(string[] args)
    {
        if (args.Length < 2)
        {
            Console.Error.WriteLine(
                "usage: morph DATA NETWORK [seeds=3 epochs=20 count=all rate=1e-3 batch=64 cores=1 mirror=1 "
                + "rows=plain,frozen,morphed,augmented folder=artifacts/morph]");
            return 2;
        }

        var given = new TableArguments(
            "morph", args[2..], "seeds", "epochs", "count", "rate", "batch", "cores", "mirror", "rows", "folder");
        MorphScale scale = MorphScale.Read(args[1], given);
        int seeds = given.Count("seeds", 3);
        string name = string.Concat(
            $"{args[0]}-{scale}".Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' ? letter : '-'));
        var table = new MorphAccuracy(
            scale, DataSource.Open(args[0]), Path.Combine(given.Text("folder", "artifacts/morph"), name));
        table.Fill(given.List("rows", string.Join(',', Names)), seeds);
        return 0;
    }

    private void Fill(string[] wanted, int seeds)
    {
        Console.WriteLine($"scale: {scale}; folder {folder}");
        SeedCells cells =
            new SeedTable(folder, "| row | seed | test, % | validation, % |", Cell, Line).Fill(Names, wanted, seeds);
        BarTable.Begin();
        BarTable.AtLeast("morphed - frozen, points", Points("morphed", "frozen"), -0.5);
        BarTable.Shown("loss: augmented - morphed, points", Points("augmented", "morphed"));
        BarTable.Shown("part due to the frozen first layer: plain - morphed", Points("plain", "morphed"));
        BarTable.Shown("part due to missing augmentation: augmented - plain", Points("augmented", "plain"));

        IReadOnlyList<double> Points(string row, string other) => cells.Points(row, other, "test");
    }

    private static string Line(string row, string seed, IReadOnlyList<JsonNode> cells)
    {
        return $"| {row} | {seed} | {Text("test")} | {Text("validation")} |";

        string Text(string name) => SeedStatistics.Text([.. cells.Select(cell => (double)cell[name]! * 100)]);
    }

    private JsonObject Cell(string row, ulong seed)
    {
        Network network = Start(seed);
        string bundle = Path.Combine(folder, $"{row}-{seed}", "bundle");
        DataSets sets = data;
        if (row is "morphed")
        {
            MorphBundle morphed = Bundle(bundle, network);
            (sets, network) = (morphed.OpenData(), network.WithAugConv(morphed.OpenLayer()));
        }
        else if (row is "frozen")
        {
            string weight = First(network).Parameters[0];
            network = network.WithParameters([network.Parameters[weight] with { IsTrainable = false }]);
        }

        (Dataset train, Dataset validation) = sets.SplitValidation(
            sets.Train.Count / 10, RandomStream.FromSeed(seed).Split("validation"));
        train = scale.Count > 0 ? train.Take(scale.Count) : train;
        var stages = new StagedRun(RunFolder.Open(Path.Combine(folder, $"{row}-{seed}")), TimeProvider.System);
        TrainingResult result = stages.Fit(
            "train", network, (train, validation), scale.Options(seed, row is "augmented"));
        double test = Evaluator.Evaluate(result.Network, sets.Test).Accuracy;
        if (row is "morphed")
        {
            Directory.Delete(bundle, recursive: true);
        }

        return new JsonObject { ["test"] = test, ["validation"] = result.History[result.BestEpoch].ValidationAccuracy };
    }

    private Network Start(ulong seed)
    {
        var zoo = new ZooOptions
        {
            Input = InputSpec.Image(
                data.Train.SampleShape[0], data.Train.SampleShape[1], data.Train.SampleShape[2], 0, 1),
            Classes = data.Train.ClassNames.Count,
        };
        return NetworkZoo.Create(scale.Network, zoo).Initialize(RandomStream.FromSeed(seed).Split("weights"));
    }

    private static Node First(Network network) => network.Nodes.First(node => node.Operator is Conv2d);

    /// <summary>
    /// Creates a bundle of morphed rows and layer with a new key, or reuses a complete bundle of an interrupted run.
    /// </summary>
    private MorphBundle Bundle(string path, Network network)
    {
        if (MorphBundle.IsBundle(path) && MorphBundle.Open(path).HasLayer)
        {
            return MorphBundle.Open(path);
        }

        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        using var key = MorphKey.Create(
            new MorphMap(data.Train.SampleShape[0], data.Train.SampleShape[1], data.Train.SampleShape[2])
            {
                Cores = scale.Cores,
            });
        using var morpher = new Morpher(key);
        Conv2dOptions options = ((Conv2d)First(network).Operator).Options;
        Tensor weights = network.Parameters[First(network).Parameters[0]].Value;
        MorphBundle.WriteData(key, morpher, data, path);
        MorphBundle.WriteLayer(
            key, AugConvLayer.Compose(key, morpher, weights, options.Stride.Height, options.Padding.Top), path);
        return MorphBundle.Open(path);
    }
}

/// <summary>Scale of a table; fixed before results are known.</summary>
internal sealed record MorphScale(string Network, int Epochs, int Count, double Rate, int Batch, int Cores, bool Mirror)
{
    private const int Crop = 4, SmallCrop = 2;

    internal static MorphScale Read(string network, TableArguments given) => new(
        network, given.Count("epochs", 20), given.Text("count", "all") is "all" ? 0 : given.Count("count", 0),
        given.Real("rate", 1e-3), given.Count("batch", 64), given.Count("cores", 1), given.Flag("mirror", true));

    internal TrainingOptions Options(ulong seed, bool isAugmented) => new()
    {
        Seed = seed, Epochs = Epochs, BatchSize = Batch, Optimizer = new Adam { LearningRate = (float)Rate },
        Schedule = new CosineSchedule(),
        Transforms =
            !isAugmented ? [] : Mirror ? [new RandomCrop(Crop), new HorizontalFlip()] : [new RandomCrop(SmallCrop)],
    };
}
