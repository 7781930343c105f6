using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>
/// Compares DeepHoyer with its baselines at equal accuracy, over seeds. Each row runs the search of
/// <c>temper compress</c> with the same epochs; rows without a regularizer get at least as many trials as hoyer-square.
/// Each cell is a resumable run in its own folder; cells without a result print <c>not run</c>. Held-out training
/// samples are used for selection; the test samples are used once, at the end of a cell.
/// </summary>
internal sealed class DeepHoyerTable(DeepHoyerScale scale, DataSets data, string folder)
{
    internal static int Run(string[] args)
    {
        if (args.Length < 2)
        {
            Console.Error.WriteLine($"usage: {DeepHoyerScale.Usage}");
            return 2;
        }

        var given = new TableArguments(
            "deephoyer", args[2..], "rows", "seeds", "floor", "margin", "heldout", "dense", "decay", "regularize",
            "tune", "trials", "rate", "batch", "crop", "smoothing", "distillation", "first", "channels", "hoyer-square",
            "l1", "group-hs", "group-lasso", "folder");
        var scale = DeepHoyerScale.Read(args[1], given);
        int seeds = given.Count("seeds", 3);
        string folder = TableFolder.Claim(
            "deephoyer", given.Text("folder", $"artifacts/deephoyer/{Path.GetFileName(args[0])}-{args[1]}"),
            $"{args[0]} {scale}");
        Console.WriteLine($"scale: {scale}");
        new DeepHoyerTable(scale, DataSource.Open(args[0]), folder).Fill(given.List("rows", ""), seeds);
        return 0;
    }

    private void Fill(string[] wanted, int seeds)
    {
        const string Header =
            "| row | seed | dense, % | test, % | weights, times fewer | operations left, % | pressure | held-out, % |";
        new SeedTable(folder, Header, Cell, Line).Fill(DeepHoyerScale.Rows, wanted, seeds);
    }

    /// <summary>
    /// Formats a line. The compression ratio is computed from the mean fraction of weights left, which is more
    /// conservative than the mean of the ratios.
    /// </summary>
    private static string Line(string row, string seed, IReadOnlyList<JsonNode> cells)
    {
        double Mean(string name) => cells.Average(cell => (double)cell[name]!);
        string missed = cells.All(cell => (bool)cell["within_bound"]!) ? "" : ", below the floor";
        return string.Create(CultureInfo.InvariantCulture,
            $"| {row} | {seed} | {Mean("dense") * 100:F2} | {Mean("test") * 100:F2} | {1 / Mean("weights"):F1} | "
            + $"{Mean("macs") * 100:F2} | {Mean("pressure"):G3} | {Mean("held_out") * 100:F2}{missed} |");
    }

    private JsonObject Cell(string row, ulong seed)
    {
        (Dataset train, Dataset validation) = data.SplitValidation(
            scale.HeldOut, RandomStream.FromSeed(seed).Split("validation"));
        Network dense = Dense(seed, train, validation);
        double drop = (Evaluator.Evaluate(dense, validation).Accuracy * 100) - scale.Floor - scale.Margin;
        (CompressionResult result, double pressure) = Best(
            row, seed, (dense, Math.Max(0, drop)),
            new TableRun(Folder($"{row}-{seed}"), train, validation));
        return new JsonObject
        {
            ["dense"] = Evaluator.Evaluate(dense, data.Test).Accuracy,
            ["test"] = Evaluator.Evaluate(result.Network, data.Test).Accuracy,
            ["weights"] = (double)SparsityReport.Of(result.Network).Nonzero / SparsityReport.Of(dense).Total,
            ["macs"] = (double)result.Network.Cost().NonzeroMacs / dense.Cost().Macs,
            ["pressure"] = pressure,
            ["held_out"] = (result.Chosen?.Figures ?? result.Before).Accuracy,

            // If the dense network is below the required accuracy, its drop was clamped to 0, and the bound says
            // nothing about the floor.
            ["within_bound"] = result.IsWithinBound && drop >= 0,
        };
    }

    /// <summary>
    /// Returns the best result over the pressures of a row, selected on held-out samples alone. The first seed selects
    /// the pressure, and the other seeds use it. A row without a regularizer gets as many trials for every seed as
    /// hoyer-square has for the first one over all its pressures, so the budgets of later seeds can only favor the
    /// baselines.
    /// </summary>
    /// <exception cref="TableArgumentException">The first seed has not selected a pressure yet.</exception>
    private (CompressionResult Result, double Pressure) Best(
        string row, ulong seed, (Network Network, double Drop) dense, TableRun run)
    {
        IReadOnlyList<double> pressures = scale.Pressures(row);
        string first = Path.Combine(folder, $"{row}-1", "cell.json");
        if (seed > 1 && pressures.Count > 1)
        {
            if (!File.Exists(first))
            {
                // A seed that selected a pressure of its own would have more trials than the other rows.
                throw new TableArgumentException(
                    $"deephoyer: the first seed selects the pressure (got {row}:{seed}, expected a result of {row}:1); "
                    + $"run rows={row}:1, or copy its cell");
            }

            pressures = [(double)JsonNode.Parse(File.ReadAllText(first))!["pressure"]!];
        }

        CompressionOptions options = scale.Options(row, seed) with { MaxAccuracyDrop = dense.Drop };
        return pressures.Select(pressure => (Result: CompressionPipeline.Run(
                dense.Network, options with { Pressure = pressure },
                run.Named(string.Create(CultureInfo.InvariantCulture, $"p{pressure}-"))), pressure))
            .OrderByDescending(found => found.Result.IsWithinBound)
            .ThenBy(found => (found.Result.Chosen?.Figures ?? found.Result.Before)[options.Goal]).First();
    }

    /// <summary>Returns the dense network of a seed, which all rows share.</summary>
    private Network Dense(ulong seed, Dataset train, Dataset validation)
    {
        Network network = NetworkZoo.Create(scale.Network).Initialize(RandomStream.FromSeed(seed).Split("weights"));
        return new TableRun(Folder($"dense-{seed}"), train, validation)
            .Fit("dense", network, scale.Training(seed) with { Epochs = scale.Dense }).Network;
    }

    private RunFolder Folder(string name) =>
        RunFolder.Open(Directory.CreateDirectory(Path.Combine(folder, name)).FullName);
}
