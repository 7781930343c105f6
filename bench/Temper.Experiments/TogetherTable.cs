using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Temper.Compression.Activations;
using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Compression.Quantization;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Inference;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>
/// Weight pruning, winners-take-all and 8-bit quantization of a published network, each alone and combined: accuracy,
/// MACs, bytes, milliseconds. All training samples are used for training, because the network has already seen them;
/// half of the test samples are used for selection, and the other half is used once, at the end of a cell. Rows share
/// common stages, and each stage can be resumed.
/// </summary>
internal sealed class TogetherTable(TogetherScale scale, (Network Network, DataSets Data) start, string folder)
{
    private const string Int8 = "int8";

    /// <summary>Number of samples on which MACs are counted.</summary>
    private const int Counted = 1000;

    private static readonly string[] Rows =
        ["dense", "weights", "winners", Int8, "weights-winners", "weights-int8", "winners-int8", "all"];

    /// <summary>Pairs of rows that differ by one stage.</summary>
    private static readonly (string More, string Less)[] Steps =
    [
        ("weights-winners", "weights"), ("weights-winners", "winners"), ("weights-int8", "weights"),
        ("winners-int8", "winners"),
        ("all", "weights-winners"), ("all", "weights-int8"), ("all", "winners-int8"),
    ];

    private readonly (Dataset Measured, Dataset Choosing) _test =
        StratifiedSplit.Of(start.Data.Test, start.Data.Test.Count / 2, RandomStream.FromSeed(1).Split("validation"));

    internal static int Run(string[] args)
    {
        if (args.Length < 2)
        {
            Console.Error.WriteLine($"usage: {TogetherScale.Usage}");
            return 2;
        }

        var given = new TableArguments(
            "together", args[2..], "architecture", "structure", "activations", "drop", "regularize", "tune", "trials",
            "first", "int8", "rate", "batch", "seconds", "slower", "seeds", "rows", "folder");
        TogetherScale scale = TogetherScale.Read(given);
        int seeds = given.Count("seeds", 1);
        string name = string.Concat($"{Path.GetFileNameWithoutExtension(args[0])}-{scale.Name}"
            .Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' ? letter : '-'));
        DataSets data = DataSource.Open(args[1]);
        string folder = TableFolder.Claim(
            "together", Path.Combine(given.Text("folder", "artifacts/together"), name),
            $"{args[1].TrimEnd('/')}, weights {Digest(args[0])}");
        var table = new TogetherTable(scale, (Opened(scale.Architecture, args[0], data), data), folder);
        table.Fill(given.List("rows", ""), seeds);
        return 0;
    }

    /// <summary>Returns a hash of a weights file: two files of one name are not the same network.</summary>
    private static string Digest(string file)
    {
        using FileStream stream = File.OpenRead(
            Directory.Exists(file) ? Path.Combine(file, "model.safetensors") : file);
        return Convert.ToHexStringLower(SHA256.HashData(stream))[..16];
    }

    /// <summary>
    /// Loads a weights file into a network that takes pixels from 0 to 1 and normalizes them with the ImageNet means
    /// and deviations.
    /// </summary>
    private static Network Opened(string architecture, string file, DataSets data)
    {
        float[] mean = [0.485f, 0.456f, 0.406f], deviation = [0.229f, 0.224f, 0.225f];
        Shape sample = data.Train.SampleShape;
        InputSpec input = InputSpec.Image(sample[0], sample[1], sample[2]);
        var options = new ZooOptions { Input = input, Classes = data.Train.ClassNames.Count };
        return ModelFile.LoadWeights(NetworkZoo.Create(architecture, options), file)
            .Prepend(InputSpec.Image(sample[0], sample[1], sample[2], 0, 1), x => x.Normalize(mean, deviation));
    }

    private void Fill(string[] wanted, int seeds)
    {
        const string Header =
            "| row | seed | test, % | lost, points | weights left, % | MACs, M | both factors nonzero, M | "
            + "bytes | bytes, % "
            + "| ms, batch 1 (dense) | ms, batch 64 (dense) | |";
        Console.WriteLine(
            $"scale: {scale}; {start.Data.Train.Count} training samples, {_test.Choosing.Count} test samples "
            + $"for selection, {_test.Measured.Count} for measurement; folder {folder}");
        SeedCells cells = new SeedTable(folder, Header, Cell, Line).Fill(Rows, wanted, seeds);
        BarTable.Begin();
        BarTable.AtMost("all, points lost", cells.Of("all", cell => (double)cell["lost"]! * 100), 1);
        foreach ((string more, string less) in Steps)
        {
            BarTable.Shown(
                $"MACs, both factors nonzero, {more} / {less}", cells.Ratios(more, less, "active"),
                format: "F3");
            BarTable.Shown($"bytes, {more} / {less}", cells.Ratios(more, less, "bytes"), format: "F3");
        }
    }

    private static string Line(string row, string seed, IReadOnlyList<JsonNode> cells)
    {
        string size =
            $"{Text("macs", 1e-6, "F2")} | {Text("active", 1e-6, "F2")} | {Text("bytes", 1, "F0")} | "
            + $"{Text("part", 100, "F1")}";
        string one = $"{Text("ms1", 1, "F3")} ({Text("dense1", 1, "F3")})",
            many = $"{Text("ms64", 1, "F2")} ({Text("dense64", 1, "F2")})";
        string note = cells.Count == 1 ? (string)cells[0]["note"]! : "";
        return $"| {row} | {seed} | {Text("test", 100, "F2")} | {Text("lost", 100, "F2")} "
            + $"| {Text("weights", 100, "F1")} | {size} | {one} | {many} | {note} |";

        string Text(string name, double factor, string format) =>
            SeedStatistics.Text([.. cells.Select(cell => (double)cell[name]! * factor)], format);
    }

    private JsonObject Cell(string row, ulong seed)
    {
        CompressionResult result = Compressed(row, seed);
        Network[] both = [start.Network, result.Network];
        AccuracyInterval lost = AccuracyInterval.OfDifference(
            Evaluator.Evaluate(result.Network, _test.Measured).IsRight,
            Evaluator.Evaluate(start.Network, _test.Measured).IsRight);
        IReadOnlyList<double> one = NetworkTiming.Milliseconds(both, 1, scale.Seconds),
            many = NetworkTiming.Milliseconds(both, 64, scale.Seconds);
        long bytes = Bytes(result.Network, row, seed), dense = Bytes(start.Network, "dense", seed);
        return new JsonObject
        {
            ["test"] = Evaluator.Evaluate(result.Network, _test.Measured).Accuracy,
            ["lost"] = lost.Value,
            ["weights"] = (double)SparsityReport.Of(result.Network).Nonzero / SparsityReport.Of(start.Network).Total,
            ["macs"] = result.Network.Cost().NonzeroMacs,
            ["active"] = ActivationCount.Of(result.Network, _test.Measured, Counted).MacsZeroInputsCounted,
            ["bytes"] = bytes,
            ["part"] = (double)bytes / dense,
            ["ms1"] = one[1], ["dense1"] = one[0], ["ms64"] = many[1], ["dense64"] = many[0],
            ["note"] = Note(result, lost),
        };
    }

    private static string Note(CompressionResult result, AccuracyInterval lost)
    {
        string bound = result.IsWithinBound ? "" : "; outside the bound";
        string int8 = result.Quantization is not { } found ? ""
            : found.IsTaken
                ? $"; 8 bit in {found.Int8Layers.Count} layers, {found.Float32Layers.Count} stay float32"
                : "; 8 bit rejected";
        string remarks = string.Concat(result.Remarks.Select(remark => $"; {remark}"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"lost {lost.Low * 100:F2} to {lost.High * 100:F2}{bound}; "
            + $"{result.Chosen?.Label ?? "nothing removed"}{int8}{remarks}");
    }

    private CompressionResult Compressed(string row, ulong seed)
    {
        string[] stages = row is "all" ? ["weights", "winners", Int8] : row.Split('-');
        CompressionOptions options = scale.Options(seed, stages);
        TableRun run = Stages(row, seed, string.Join('-', stages.Where(stage => stage is not Int8)));
        CompressionResult result = CompressionPipeline.Run(start.Network, options, run);
        return !stages.Contains(Int8, StringComparer.Ordinal) ? result : QuantizationStage.Run(
            start.Network, result, (start.Data.Train, _test.Choosing), options with { Goal = CompressionGoal.Bytes },
            new QuantizationOptions { TuneEpochs = scale.Int8Epochs }, run);
    }

    /// <summary>
    /// Returns a run whose stage names make rows share the stages with the same history: all rows share the measurement
    /// of the original network and the weight stages, rows with the same pruning share the winners stages, and the
    /// quantization stage is not shared.
    /// </summary>
    private TableRun Stages(string row, ulong seed, string before)
    {
        string path = Directory.CreateDirectory(Path.Combine(folder, $"stages-{seed}")).FullName;
        return new TableRun(
            RunFolder.Open(path), start.Data.Train, _test.Choosing,
            stage => stage is "before" || stage.Contains(scale.Structure, StringComparison.Ordinal) ? stage
                : stage is "quantize" ? $"{row}-{stage}" : $"{before}-{stage}");
    }

    /// <summary>Saves a network in the folder of the cell and returns the size of the file in bytes.</summary>
    private long Bytes(Network network, string row, ulong seed)
    {
        string cell = Directory.CreateDirectory(Path.Combine(folder, $"{row}-{seed}")).FullName;
        string path = Path.Combine(cell, "model.safetensors");
        ModelFile.Save(network, path, new SaveOptions { Sparse = true });
        return new FileInfo(path).Length;
    }
}
