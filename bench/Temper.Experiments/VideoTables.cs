using System.Diagnostics;
using System.Globalization;
using Temper.Data;
using Temper.Formats;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Video;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Experiments;

/// <summary>
/// Tables of video networks and of attacks on them. Networks and finished cells are stored in a folder, so that an
/// interrupted table continues.
/// </summary>
internal sealed class VideoTables
{
    private const string Usage =
        "usage: video train|attack|transfer|files|speed FOLDER [data=SET] [network=NAME] [epochs=N] [train=N] "
        + "[first=N] [count=N] "
        + "[levels=1,2,4,8] [rules=NAME,...] [gradients=white-box|logits] [steps=N]; use one folder per data set";

    private static readonly string[] Networks = ["two-stream", "flow-stream", "frame-stream", "temporal-shift"];

    private readonly string _folder;
    private readonly TableArguments _given;

    private VideoTables(string folder, string[] arguments)
    {
        _folder = folder;
        _given = new TableArguments(
            "video", arguments, "data", "network", "epochs", "train", "first", "count", "levels", "rules", "gradients",
            "steps");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, "data.txt");
        if (
            File.Exists(path)
                && File.ReadAllText(path) is var before
                && !string.Equals(before, Data, StringComparison.Ordinal))
        {
            throw new TableArgumentException(
                $"video: the folder has results of other data (got {Data}, expected {before}); use another folder");
        }

        File.WriteAllText(path, Data);
        foreach (string name in _given.Has("epochs") ? Requested : [])
        {
            if (StoredEpochs(name) is { } stored && stored != Epochs)
            {
                throw new TableArgumentException(
                    $"video: the folder has {name} trained with other epochs (got {Epochs}, expected {stored}); use "
                    + "another folder, or omit epochs= to use this network");
            }
        }
    }

    private int First => _given.Count("first", 0);

    private int Count => _given.Count("count", 30);

    private int Epochs => _given.Count("epochs", 6);

    private int Steps => _given.Count("steps", 10);

    /// <summary>The network that is attacked.</summary>
    private string Attacked => _given.Text("network", "two-stream");

    /// <summary>The network of <c>network=</c>; all networks without it.</summary>
    private string[] Requested => _given.Has("network") ? [Attacked] : Networks;

    private string Data => _given.Text("data", $"synth:actions?count={_given.Count("train", 1200)}");

    internal static int Run(string[] args)
    {
        if (args.Length < 2)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        var tables = new VideoTables(args[1], args[2..]);
        switch (args[0])
        {
            case "train": tables.Train(); break;
            case "attack": tables.Attack(); break;
            case "transfer": tables.Transfer(); break;
            case "files": tables.Files(); break;
            case "speed": VideoSpeed.Print(); break;
            default: Console.Error.WriteLine(Usage); return 2;
        }

        return 0;
    }

    /// <summary>Prints the accuracy and training time of each network.</summary>
    private void Train()
    {
        Console.WriteLine($"| network | data | test accuracy | seconds |\n| --- | --- | ---: | ---: |");
        foreach (string name in Requested)
        {
            Console.WriteLine(Cell($"train {name}", () =>
            {
                Network network = Trained(name);
                return Text($"| {name} | {Data} ")
                    + Text($"| {Evaluator.Evaluate(network, DataSource.Open(Data).Test).Accuracy * 100:F1} % ")
                    + $"| {Stored(name, "seconds") ?? "not measured"} |";
            }));
        }
    }

    /// <summary>
    /// Prints every attack at every level. The clips start at <c>first</c>, so that settings can be chosen on clips
    /// that the table does not use.
    /// </summary>
    private void Attack()
    {
        string name = Attacked, gradients = _given.Choice("gradients", "white-box", "logits");
        Console.WriteLine($"{name} on {Count} test clips of {Data}, from clip {First} on; gradients: {gradients}");
        Console.WriteLine(
            "| attack | 255ths | top-1 | top-5 | changed | frames, median | 90 % | mean change, 255ths | PSNR | SSIM "
            + "| forward | backward | s |");
        Console.WriteLine(
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        (VideoEvaluation Evaluation, AttackTarget Asked)? victim = null;
        string[] rules = _given.List("rules", string.Join(',', VideoAttacks.Names));
        foreach (int level in _given.Counts("levels", "4"))
        {
            foreach (string attack in rules)
            {
                // Cells named without "interpolated" have medians and percentiles of an earlier definition.
                Console.WriteLine(Cell($"attack interpolated {name} {attack} {level} {gradients} {Steps}", () =>
                {
                    victim ??= Victim(Trained(name), gradients);
                    (VideoEvaluation evaluation, AttackTarget asked) = victim.Value;
                    VideoRow row = evaluation.Run(
                        VideoAttacks.Create(attack, level / 255.0, Steps), level / 255.0,
                        usesLabels: false, RandomStream.FromSeed(1), asked).Row;
                    return Text($"| {attack} | {level} | {row.Top1 * 100:F1} % | {row.Top5 * 100:F1} % ")
                        + Text($"| {row.Fooled * 100:F1} % | {row.MedianFrames:0.#} | {row.LateFrames:0.#} ")
                        + Text($"| {row.MeanChange * 255:F3} | {row.Psnr:F1} | {row.Ssim:F4} ")
                        + Text($"| {row.Forwards} | {row.Backwards} | {row.Seconds:F1} |");
                }));
            }
        }
    }

    private (VideoEvaluation Evaluation, AttackTarget Asked) Victim(Network network, string gradients)
    {
        (Tensor clips, long[] labels) = Clips();
        AttackTarget target = ByteFrames.Victim(new NetworkTarget(network));
        AttackTarget asked = gradients is "logits"
            ? new SurrogateTarget(target, ByteFrames.Victim(new NetworkTarget(network.WithSummedLogits())))
            : target;
        return (new VideoEvaluation(target, clips, labels, TimeProvider.System), asked);
    }

    /// <summary>
    /// Prints a transfer matrix of two networks with every flow method and of a network without flow: accuracy of the
    /// network of each column under the attack on the network of each row, at 8/255.
    /// </summary>
    private void Transfer()
    {
        Console.WriteLine(Cell("transfer", () =>
        {
            (Tensor clips, long[] labels) = Clips();
            List<(string, Network)> members = [];
            foreach (string name in Networks[..2])
            {
                Network network = Trained(name);
                members.AddRange(
                    Enum.GetValues<FlowMethod>().Select(
                        method =>
                            (
                                $"{name} {method}",
                                method == FlowMethod.TvL1
                                    ? network
                                    : network.WithFlow(OpticalFlowOptions.Of(method)))));
            }

            members.Add(("temporal-shift", Trained("temporal-shift")));
            TransferMatrix matrix = TransferMatrix.Of(
                members, clips, labels, 8 / 255.0, steps: 10, RandomStream.FromSeed(1));
            List<string> lines =
            [
                $"| top-1 in %, {Count} clips, 8/255 | {string.Join(" | ", matrix.Names)} | PSNR | SSIM |",
                $"| --- |{string.Concat(matrix.Names.Select(_ => " ---: |"))} ---: | ---: |",
                $"| clean | {string.Join(" | ", matrix.Clean.Select(Percent))} | | |", Line(matrix.Noise),
                .. matrix.Attacks.Select(Line),
                "attacks that reduce the accuracy of another network further than that of their own: "
                + $"{(matrix.Suspicious.Count == 0 ? "none" : string.Join(", ", matrix.Suspicious))}",
            ];
            lines.AddRange(
                matrix.Names.Select((name, row) => (name, halved: matrix.Halved(row)))
                    .Where(row => row.halved.Count > 0)
                    .Select(row => $"{row.name} halves {string.Join(", ", row.halved)}"));
            return string.Join('\n', lines);
        }));

        static string Line(TransferRow row) => double.IsNaN(row.Accuracy[0])
            ? $"| {row.Name} | no gradient |"
            : Text($"| {row.Name} | {string.Join(" | ", row.Accuracy.Select(Percent))} ")
                + Text($"| {row.Similarity.Psnr:F1} | {row.Similarity.Ssim:F3} |");
    }

    private static string Percent(double part) => Text($"{part * 100:F0}");

    /// <summary>
    /// Attacks one clip of each class, writes it losslessly and with H.264, and classifies the files; the clean clip is
    /// coded for comparison.
    /// </summary>
    private void Files()
    {
        string name = Attacked;
        int level = _given.Count("levels", 4);
        var table = new VideoFileTable(Path.Combine(_folder, "clips"));
        Console.WriteLine(VideoFileTable.Head);
        foreach (string rule in _given.List("rules", "iterative,sparse"))
        {
            Console.WriteLine(
                Cell(
                    $"files {name} {rule} {level}",
                    () => table.Rows(Trained(name), DataSource.Open(Data).Test, rule, level)));
        }
    }

    /// <summary>Returns the epochs of a stored network; null if they are unknown.</summary>
    private int? StoredEpochs(string name) =>
        Stored(name, "epochs") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>Returns what is stored about the training of a network; null: nothing.</summary>
    private string? Stored(string name, string what) =>
        PathOf(name, what) is var path && File.Exists(path) ? File.ReadAllText(path) : null;

    private string PathOf(string name, string what) => Path.Combine(_folder, $"{name}.{what}.txt");

    /// <summary>Returns the stored network, whatever its epochs, or trains and stores it.</summary>
    private Network Trained(string name)
    {
        string path = Path.Combine(_folder, $"{name}.safetensors");
        if (!File.Exists(path))
        {
            DataSets data = DataSource.Open(Data);
            (Dataset train, Dataset validation) = data.SplitValidation(
                data.Train.Count / 10, RandomStream.FromSeed(1).Split("validation"));
            Network fresh = NetworkZoo.Create(
                name,
                new ZooOptions
                {
                    Input = new InputSpec { SampleShape = train.SampleShape, Minimum = 0, Maximum = 1 },
                    Classes = train.ClassNames.Count,
                })
                .Initialize(RandomStream.FromSeed(1).Split("weights")).WithClassNames(train.ClassNames);
            var watch = Stopwatch.StartNew();
            TrainingResult run = Trainer.Fit(fresh, train, validation, new TrainingOptions
            {
                Seed = 1, Epochs = Epochs, BatchSize = 32, Optimizer = new Adam { LearningRate = 1e-3f },
            });
            File.WriteAllText(PathOf(name, "seconds"), Text($"{watch.Elapsed.TotalSeconds:F0}"));
            ModelFile.Save(run.Network, path);
            File.WriteAllText(PathOf(name, "epochs"), Text($"{Epochs}"));
        }

        return ModelFile.Load(path);
    }

    /// <summary>
    /// Returns test clips from <c>first</c> on: consecutive clips, or evenly spaced clips if the set is ordered by
    /// video.
    /// </summary>
    private (Tensor Clips, long[] Labels) Clips()
    {
        Dataset test = DataSource.Open(Data).Test;
        int distance =
            Data.StartsWith("videos:", StringComparison.Ordinal) ? Math.Max(1, (test.Count - First) / Count) : 1;
        Dataset some = test.Subset(
            [.. Enumerable.Range(0, Count).Select(i => First + (i * distance)).Where(i => i < test.Count)]);
        (Tensor clips, Tensor labels) = some.Read(0, some.Count);
        return (clips, labels.ToArray<long>());
    }

    /// <summary>Returns the stored text of a cell, or computes and stores it.</summary>
    private string Cell(string name, Func<string> compute)
    {
        string path = Path.Combine(_folder, $"{name.Replace(' ', '-')}-{First}-{Count}.txt");
        if (!File.Exists(path))
        {
            AtomicFile.WriteText(path, compute());
        }

        return File.ReadAllText(path);
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
