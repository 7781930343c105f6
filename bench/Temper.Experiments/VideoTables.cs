using System.Diagnostics;
using System.Globalization;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Video;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Experiments;

/// <summary>
/// Tables about networks of clips and attacks on them. Networks and finished cells are kept in a folder, so that a table goes on where it was
/// stopped.
/// </summary>
internal sealed class VideoTables
{
    private const string Usage = "usage: video train|attack|transfer|speed FOLDER [data=SET] [network=NAME] [epochs=N] [train=N] [count=N] [levels=1,2,4,8]";

    private static readonly string[] Networks = ["two-stream", "flow-stream", "frame-stream", "temporal-shift"];

    private readonly string _folder;
    private readonly Dictionary<string, string> _options;

    private VideoTables(string folder, string[] options)
    {
        _folder = folder;
        _options = options.Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[^1], StringComparer.Ordinal);
        Directory.CreateDirectory(folder);
    }

    private int Count => Option("count", 30);

    private string Data => _options.GetValueOrDefault("data", $"synth:actions?count={Option("train", 1200)}");

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
            case "speed": Speed(); break;
            default: Console.Error.WriteLine(Usage); return 2;
        }

        return 0;
    }

    /// <summary>Accuracy of each network and the time of its training.</summary>
    private void Train()
    {
        Console.WriteLine($"| network | data | test accuracy | seconds |\n| --- | --- | ---: | ---: |");
        foreach (string name in _options.TryGetValue("network", out string? one) ? [one] : Networks)
        {
            Console.WriteLine(Cell($"train {name}", () =>
            {
                var watch = Stopwatch.StartNew();
                Network network = Trained(name);
                double seconds = watch.Elapsed.TotalSeconds;
                return Text($"| {name} | {Data} | {Evaluator.Evaluate(network, DataSource.Open(Data).Test).Accuracy * 100:F1} % | {seconds:F0} |");
            }));
        }
    }

    private void Attack()
    {
        string name = _options.GetValueOrDefault("network", "two-stream");
        Console.WriteLine($"{name} on {Count} test clips of {Data}\n| attack | 255ths | top-1 | top-5 | changed | frames, median | 90 % | PSNR | SSIM | forward | backward | s |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        (VideoEvaluation Evaluation, AttackTarget Target)? victim = null;
        foreach (int level in _options.GetValueOrDefault("levels", "4").Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture)))
        {
            foreach (string attack in VideoAttacks.Names)
            {
                Console.WriteLine(Cell($"attack {name} {attack} {level}", () =>
                {
                    (Tensor clips, long[] labels) = Clips();
                    victim ??= ByteFrames.Victim(new NetworkTarget(Trained(name))) is var target ? (new VideoEvaluation(target, clips, labels, TimeProvider.System), target) : null;
                    VideoRow row = victim!.Value.Evaluation.Run(VideoAttacks.Create(attack, level / 255.0), level / 255.0, usesLabels: false, RandomStream.FromSeed(1)).Row;
                    return Text($"| {attack} | {level} | {row.Top1 * 100:F1} % | {row.Top5 * 100:F1} % | {row.Fooled * 100:F1} % | {row.MedianFrames:0} | {row.LateFrames:0} | {row.Psnr:F1} | {row.Ssim:F4} | {row.Forwards} | {row.Backwards} | {row.Seconds:F1} |");
                }));
            }
        }
    }

    /// <summary>Four flows in two networks: accuracy of each column under the attacks of each row.</summary>
    private void Transfer()
    {
        Console.WriteLine(Cell("transfer", () =>
        {
            (Tensor clips, long[] labels) = Clips();
            List<(string, Network)> members = [];
            foreach (string name in Networks[..2])
            {
                Network network = Trained(name);
                members.AddRange(Enum.GetValues<FlowMethod>().Select(method => ($"{name} {method}", method == FlowMethod.TvL1 ? network : network.WithFlow(OpticalFlowOptions.Of(method)))));
            }

            TransferMatrix matrix = TransferMatrix.Of(members, clips, labels, 8 / 255.0, steps: 10, RandomStream.FromSeed(1));
            List<string> lines = [$"top-1 in %, {Count} clips, 8/255 | {string.Join(" | ", matrix.Names)}", Line("clean", matrix.Clean), Line("noise", matrix.Noise)];
            lines.AddRange(matrix.Names.Select((name, row) => Line(name, matrix.Attacked[row])));
            lines.Add($"rows that harm another network more than their own: {(matrix.Suspicious.Count == 0 ? "none" : string.Join(", ", matrix.Suspicious))}");
            return string.Join('\n', lines);
        }));

        static string Line(string name, IReadOnlyList<double> values) => $"{name} | {string.Join(" | ", values.Select(value => double.IsNaN(value) ? "no gradient" : Text($"{value * 100:F0}")))}";
    }

    /// <summary>Time of the flow of a pair, memory of its gradient, a whole attack.</summary>
    private static void Speed()
    {
        Tensor clip = Tensor.From([.. Enumerable.Range(0, 11 * 112 * 112).Select(i => 0.5f + (0.4f * MathF.Sin((i % 112 * 0.31f) + (i / 112 % 112 * 0.17f) + (i / 12544 * 0.4f))))], [1, 11, 1, 112, 112]);
        Tensor pair = clip.Slice(1, 0, 2);
        pair.OpticalFlow();
        double flow = Enumerable.Range(0, 9).Min(_ => Milliseconds(() => pair.OpticalFlow()));
        long before = GC.GetTotalAllocatedBytes(precise: true);
        double backward = Milliseconds(() =>
        {
            using var tape = new GradientTape();
            tape.Watch(clip);
            tape.Gradient(clip.OpticalFlow().Sum(), clip);
        });
        double memory = (GC.GetTotalAllocatedBytes(precise: true) - before) / 1048576.0;
        var network = new NetworkTarget(NetworkZoo.Create("two-stream", new ZooOptions { Input = new InputSpec { SampleShape = [32, 3, 112, 112] } }).Initialize(RandomStream.FromSeed(1)));
        Tensor color = Tensor.From([.. Enumerable.Range(0, 32 * 3 * 112 * 112).Select(i => 0.5f + (0.4f * MathF.Sin((i % 112 * 0.31f) + (i / 112 % 112 * 0.17f) + (i / 37632 * 0.4f))))], [1, 32, 3, 112, 112]);
        long label = new VideoEvaluation(network, color, [0], TimeProvider.System).Predictions[0];
        AttackResult? found = null;
        double attack = Milliseconds(() => found = new FrameAttack { Epsilon = 4 / 255.0 }.Run(network, color, Criterion.Misclassified([label]), RandomStream.FromSeed(1)));
        Console.WriteLine(Text($"TV-L1 of a pair of 112x112, 5 scales, 5 warps, 30 iterations: {flow:F1} ms"));
        Console.WriteLine(Text($"gradient of 10 pairs: {backward:F0} ms, {memory:F0} MB allocated in all, the first time"));
        Console.WriteLine(Text($"salience attack on 32 x 112 x 112: {attack / 1000:F1} s, {found!.Samples[0].Outcome}, {found.Samples[0].Backwards} gradients"));
    }

    private Network Trained(string name)
    {
        string path = Path.Combine(_folder, $"{name}.safetensors");
        if (!File.Exists(path))
        {
            DataSets data = DataSource.Open(Data);
            (Dataset train, Dataset validation) = data.SplitValidation(data.Train.Count / 10, RandomStream.FromSeed(1).Split("validation"));
            Network fresh = NetworkZoo.Create(name, new ZooOptions { Input = new InputSpec { SampleShape = train.SampleShape, Minimum = 0, Maximum = 1 }, Classes = train.ClassNames.Count })
                .Initialize(RandomStream.FromSeed(1).Split("weights")).WithClassNames(train.ClassNames);
            TrainingResult run = Trainer.Fit(fresh, train, validation, new TrainingOptions
            {
                Seed = 1, Epochs = Option("epochs", 6), BatchSize = 32, Optimizer = new Adam { LearningRate = 1e-3f },
            });
            ModelFile.Save(run.Network, path);
        }

        return ModelFile.Load(path);
    }

    private (Tensor Clips, long[] Labels) Clips()
    {
        (Tensor clips, Tensor labels) = DataSource.Open(Data).Test.Read(0, Count);
        return (clips, labels.ToArray<long>());
    }

    /// <summary>A finished cell is read from its file.</summary>
    private string Cell(string name, Func<string> compute)
    {
        string path = Path.Combine(_folder, $"{name.Replace(' ', '-')}-{Count}.txt");
        if (!File.Exists(path))
        {
            File.WriteAllText(path, compute());
        }

        return File.ReadAllText(path);
    }

    private int Option(string name, int usual) => _options.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : usual;

    private static double Milliseconds(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
