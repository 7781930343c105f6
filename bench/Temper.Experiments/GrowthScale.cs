using System.Globalization;
using Temper.Data.Augmentation;
using Temper.Growth;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Experiments;

/// <summary>Scale of a table; fixed before results are known.</summary>
/// <param name="Grown">Grown row whose depths and epochs the baselines use.</param>
/// <param name="Rates">Learning rates tried by <c>scratch-rates</c>.</param>
/// <param name="Seconds">Time limit of the row <c>limit-time</c>, in seconds.</param>
/// <param name="Crop">Maximum random shift of training pictures, in pixels; 0: none.</param>
/// <param name="Mirrors">Whether training pictures are also mirrored at random.</param>
internal sealed record GrowthScale(
    string Family, string Widths, int Count, int Interval, int Window, int Finish, double Rate, int Batch, int Most,
    string Grown,
    string Rates, int Seconds, int Crop, bool Mirrors)
{
    private const string DefaultGrown = "rollback", DefaultRates = "0.1,0.03,0.01,0.003";

    private const int DefaultSeconds = 120;

    internal static GrowthScale Read(TableArguments given) => new(
        given.Text("family", "basic3"), given.RealsText("widths", "8,16,32"), given.Count("count", 10_000),
        given.Count("interval", 3), given.Count("window", 12), given.Count("finish", 15), given.Real("rate", 0.1),
        given.Count("batch", 128), given.Count("most", 60), given.Text("grown", DefaultGrown),
        given.RealsText("rates", DefaultRates), given.Count("seconds", DefaultSeconds), given.Count("crop", 0),
        given.Flag("mirror", false));

    internal StagedFamily FamilyOf() => StagedFamily.ByName(Family) with
    {
        Widths = [.. Widths.Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))],
    };

    internal GrowthOptions Options() => new()
    {
        Interval = Interval, Stopping = new AccuracyGain { Window = Window }, FinishEpochs = Finish, MaxEpochs = Most,
    };

    internal TrainingOptions Training(ulong seed) => new()
    {
        Seed = seed, BatchSize = Batch,
        Optimizer = new Sgd { LearningRate = (float)Rate, Momentum = 0.9f, WeightDecay = 5e-4f },
        Transforms =
        [
            .. Crop > 0 ? new SampleTransform[] { new RandomCrop(Crop) } : [],
            .. Mirrors ? new SampleTransform[] { new HorizontalFlip() } : [],
        ],
    };

    /// <summary>
    /// Part of the folder name that identifies the scale. Augmentation and the settings of single rows are appended
    /// only if they differ from their defaults, so that the folders of older runs stay valid.
    /// </summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Family} {Widths} count {Count} K {Interval} J {Window} N {Finish} rate {Rate} batch {Batch} most "
        + $"{Most}{Augmented}{OfRows}");

    private string Augmented => (Crop > 0 ? $" crop {Crop}" : "") + (Mirrors ? " mirrored" : "");

    private string OfRows => (Grown is DefaultGrown ? "" : $" grown {Grown}")
        + (Rates is DefaultRates ? "" : $" rates {Rates}")
        + (Seconds is DefaultSeconds ? "" : $" seconds {Seconds}");
}
