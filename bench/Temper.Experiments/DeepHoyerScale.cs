using System.Globalization;
using Temper.Compression.Pipeline;
using Temper.Data.Augmentation;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Experiments;

/// <summary>Scale and targets of a DeepHoyer table; fixed before results are known.</summary>
internal sealed record DeepHoyerScale
{
    internal const string Usage =
        "deephoyer DATA NETWORK [rows=hoyer-square,l1,gradual,magnitude,group-hs,group-lasso seeds=3 floor=98.4 "
        + "margin=0.1 heldout=5000 dense=15 "
        + "decay=0 regularize=40 tune=12 trials=3 rate=1e-3 batch=128 crop=1 smoothing=0 distillation=0.5 first=0.0125 "
        + "channels=0.06 hoyer-square=16 l1=2 group-hs=2 group-lasso=2 folder=F]; "
        + "pressures may be lists, hoyer-square=8,16: the first seed selects one; gradual and magnitude get as many "
        + "trials as hoyer-square has over all its pressures";

    /// <summary>Rows that prune single weights, then rows that prune channels.</summary>
    internal static readonly string[] Rows = ["hoyer-square", "l1", "gradual", "magnitude", "group-hs", "group-lasso"];

    public required string Network { get; init; }

    /// <summary>Accuracy to keep on samples not used for selection, in percent.</summary>
    public required double Floor { get; init; }

    /// <summary>
    /// Percentage points above the floor required on the held-out samples, because selecting the best of several trials
    /// biases their accuracy upward.
    /// </summary>
    public required double Margin { get; init; }

    public required int HeldOut { get; init; }

    public required int Dense { get; init; }

    public required int Regularize { get; init; }

    public required int Tune { get; init; }

    public required int Trials { get; init; }

    public required double Rate { get; init; }

    /// <summary>L2 weight decay of all trainings.</summary>
    public required double Decay { get; init; }

    public required int Batch { get; init; }

    public required int Crop { get; init; }

    public required double Smoothing { get; init; }

    public required double Distillation { get; init; }

    /// <summary>Fraction of the weights kept in the first trial.</summary>
    public required double First { get; init; }

    /// <summary>Fraction of the MACs kept in the first trial of channel pruning.</summary>
    public required double Channels { get; init; }

    /// <summary>
    /// Pressures of the rows with a regularizer: <c>row=pressure,pressure</c>, separated by semicolons.
    /// </summary>
    public required string Regularizers { get; init; }

    internal static DeepHoyerScale Read(string network, TableArguments given) => new()
    {
        Network = network, Floor = given.Real("floor", 98.4), Margin = given.Real("margin", 0.1),
        HeldOut = given.Count("heldout", 5000), Dense = given.Count("dense", 15),
        Regularize = given.Count("regularize", 40), Tune = given.Count("tune", 12), Trials = given.Count("trials", 3),
        Rate = given.Real("rate", 1e-3), Decay = given.Real("decay", 0), Batch = given.Count("batch", 128),
        Crop = given.Count("crop", 1), Smoothing = given.Real("smoothing", 0),
        Distillation = given.Real("distillation", 0.5), First = given.Real("first", 0.0125),
        Channels = given.Real("channels", 0.06),
        Regularizers = string.Join(
            ';',
            new[] { ("hoyer-square", "16"), ("l1", "2"), ("group-hs", "2"), ("group-lasso", "2") }.Select(
                row => $"{row.Item1}={given.RealsText(row.Item1, row.Item2)}")),
    };

    /// <summary>
    /// Returns the pressures that the first seed of a row tries; a single unused value for rows without a regularizer.
    /// </summary>
    internal IReadOnlyList<double> Pressures(string row) =>
        Regularizers.Split(';').Select(text => text.Split('='))
            .FirstOrDefault(pair => string.Equals(pair[0], row, StringComparison.Ordinal)) is { } found
        ? [.. found[1].Split(',').Select(text => double.Parse(text, CultureInfo.InvariantCulture))]
        : [1];

    internal CompressionOptions Options(string row, ulong seed)
    {
        bool isStructured = row.StartsWith("group", StringComparison.Ordinal);
        var options = new CompressionOptions
        {
            Seed = seed, RegularizeEpochs = Regularize, TuneEpochs = Tune, Trials = Trials,
            Distillation = (float)Distillation, Training = Training(seed),
            Structure = isStructured ? CompressionStructure.Channels : CompressionStructure.Element,
            FirstKept = isStructured ? Channels : First,
            Goal = isStructured ? CompressionGoal.Macs : CompressionGoal.Weights,
        };
        return row switch
        {
            "l1" or "group-lasso" => options with { Method = CompressionMethod.L1 },
            // Gradual pruning has no use for epochs before its first weight goes, so its schedule gets all of them.
            "gradual" => options with
            {
                Method = CompressionMethod.Gradual, Trials = Trials * Pressures("hoyer-square").Count,
                RegularizeEpochs = 0, TuneEpochs = Regularize + Tune,
            },
            "magnitude" =>
                options with
                {
                    Method = CompressionMethod.Magnitude, Trials = Trials * Pressures("hoyer-square").Count,
                },
            _ => options,
        };
    }

    internal TrainingOptions Training(ulong seed) => new()
    {
        Seed = seed, BatchSize = Batch, Optimizer = new Adam { LearningRate = (float)Rate, WeightDecay = (float)Decay },
        Loss = new CrossEntropyLoss { LabelSmoothing = (float)Smoothing },
        Schedule = new CosineSchedule(), Transforms = Crop > 0 ? [new RandomCrop(Crop)] : [],
    };
}
