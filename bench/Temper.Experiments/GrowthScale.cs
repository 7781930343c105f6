using System.Globalization;
using Temper.Data.Augmentation;
using Temper.Growth;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Experiments;

/// <summary>How large a table is: fixed before any result is seen.</summary>
/// <param name="Grown">The grown row whose depths and epochs the baselines get.</param>
/// <param name="Rates">Rates that <c>scratch-rates</c> tries.</param>
/// <param name="Seconds">Limit of the row <c>limit-time</c>.</param>
/// <param name="Crop">Pixels by which training pictures are moved at random; 0: none.</param>
/// <param name="Mirrors">Whether they are mirrored at random too.</param>
internal sealed record GrowthScale(
    string Family, string Widths, int Count, int Interval, int Window, int Finish, double Rate, int Batch, int Most,
    string Grown,
    string Rates, int Seconds, int Crop, bool Mirrors)
{
    internal static GrowthScale Read(Dictionary<string, string> set) => new(
        set.GetValueOrDefault("family", "basic3"), set.GetValueOrDefault("widths", "8,16,32"),
        Number(set, "count", 10_000),
        Number(set, "interval", 3), Number(set, "window", 12), Number(set, "finish", 15),
        double.Parse(set.GetValueOrDefault("rate", "0.1"), CultureInfo.InvariantCulture), Number(set, "batch", 128),
        Number(set, "most", 60),
        set.GetValueOrDefault("grown", "rollback"), set.GetValueOrDefault("rates", "0.1,0.03,0.01,0.003"),
        Number(set, "seconds", 120), Number(set, "crop", 0), Number(set, "mirror", 0) != 0);

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

    /// <summary>What tells the folders of two scales apart: settings beyond the usual ones at the end.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Family} {Widths} count {Count} K {Interval} J {Window} N {Finish} rate {Rate} batch {Batch} most "
        + $"{Most}{Augmented}");

    private string Augmented => (Crop > 0 ? $" crop {Crop}" : "") + (Mirrors ? " mirrored" : "");

    internal static int Number(Dictionary<string, string> set, string name, int usual) =>
        set.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : usual;
}
