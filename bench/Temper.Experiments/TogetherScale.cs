using System.Globalization;
using Temper.Compression.Pipeline;
using Temper.Data.Augmentation;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Experiments;

/// <summary>Scale of a <see cref="TogetherTable"/>; fixed before results are known.</summary>
internal sealed record TogetherScale(
    string Architecture, string Structure, string Activations, double Drop, int Regularize, int Tune, int Trials,
    double First,
    int Int8Epochs, double Rate, int Batch, double Seconds, bool AllowsSlower)
{
    internal const string Usage =
        "together FILE DATA [architecture=resnet-20 structure=element|blocks|channels activations=winners|joint "
        + "drop=1 regularize=1 "
        + "tune=3 trials=3 first=0.4 int8=1 rate=0.01 batch=128 seconds=1 slower=1 seeds=1 "
        + "rows=dense,weights,winners,int8,weights-winners,weights-int8,winners-int8,all folder=artifacts/together]";

    private const double DefaultSeconds = 1;

    /// <summary>
    /// Part of the folder name that identifies the scale. The duration of time measurements is appended only if it
    /// differs from its default, so that the folders of older runs stay valid.
    /// </summary>
    internal string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"{Architecture}-{Structure}-{Activations}-{Drop}-{Regularize}-{Tune}x{Trials}-{First}-{Int8Epochs}-{Rate}-"
        + $"{Batch}{Timed}{(AllowsSlower ? "-slower" : "")}");

    private string Timed =>
        Seconds is DefaultSeconds ? "" : string.Create(CultureInfo.InvariantCulture, $"-{Seconds}s");

    internal static TogetherScale Read(TableArguments given) => new(
        given.Text("architecture", "resnet-20"), given.Choice("structure", "element", "blocks", "channels"),
        given.Choice("activations", "winners", "joint"), given.Real("drop", 1), given.Count("regularize", 1),
        given.Count("tune", 3), given.Count("trials", 3), given.Real("first", 0.4), given.Count("int8", 1),
        given.Real("rate", 0.01), given.Count("batch", 128), given.Real("seconds", DefaultSeconds),
        given.Flag("slower", true));

    /// <summary>
    /// Returns the options of a row. All rows have the same total accuracy budget, so a later stage can only use what
    /// the earlier stages left.
    /// </summary>
    internal CompressionOptions Options(ulong seed, string[] stages) => new()
    {
        Seed = seed, MaxAccuracyDrop = Drop, Goal = CompressionGoal.Macs, RegularizeEpochs = Regularize,
        TuneEpochs = Tune,
        Trials = Trials, FirstKept = First, AllowsSlower = AllowsSlower,
        Structure = stages.Contains("weights", StringComparer.Ordinal)
            ? Enum.Parse<CompressionStructure>(Structure, ignoreCase: true) : CompressionStructure.None,
        Activations = stages.Contains("winners", StringComparer.Ordinal)
            ? Enum.Parse<CompressionActivations>(Activations, ignoreCase: true) : CompressionActivations.None,
        Training = new TrainingOptions
        {
            Seed = seed, BatchSize = Batch, Transforms = [new RandomCrop(4), new HorizontalFlip()],
            Optimizer = new Sgd { LearningRate = (float)Rate, Momentum = 0.9f, WeightDecay = 1e-4f },
        },
    };
}
