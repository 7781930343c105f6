namespace Temper.Privacy.Audit;

/// <summary>What one attack of an audit found.</summary>
public sealed record AttackFinding
{
    /// <summary>Pictures come back: mean SSIM of 0.9 or more, or PSNR of 30 dB or more.</summary>
    public const string Broken = "BROKEN";

    /// <summary>
    /// Better than the mean picture by 0.15 of SSIM, or rows are identified ten times as often as by chance.
    /// </summary>
    public const string Leaks = "LEAKS";

    /// <summary>Neither; it says nothing about attacks that were not run.</summary>
    public const string NotBroken = "NOT BROKEN BY THESE ATTACKS";

    /// <summary>What the attack needs was not there; <see cref="Detail"/> says what.</summary>
    public const string NotRun = "NOT RUN";

    /// <summary>A short name, stable for scripts.</summary>
    public required string Name { get; init; }

    /// <summary>What an outsider needs for it.</summary>
    public required string Needs { get; init; }

    /// <summary>One of the verdicts above.</summary>
    public required string Verdict { get; init; }

    /// <summary>What was found, in a sentence.</summary>
    public required string Detail { get; init; }

    /// <summary>Time it took.</summary>
    public TimeSpan Time { get; init; }

    /// <summary>
    /// Mean quality of the recovered pictures; null if the originals are not known or no picture was recovered.
    /// </summary>
    public PictureQuality? Mean { get; init; }

    /// <summary>Smallest and largest SSIM of a picture.</summary>
    public (double Min, double Max)? SsimRange { get; init; }

    /// <summary>Quality of the set's mean picture in their place: the baseline.</summary>
    public PictureQuality? Baseline { get; init; }

    /// <summary>Fraction of the rows that were matched to the right picture, 0 to 1.</summary>
    public double? Identification { get; init; }

    /// <summary>
    /// Mean SSIM of unseen pictures by the number of known pairs, rising; empty for attacks without pairs.
    /// </summary>
    public IReadOnlyList<(int Pairs, double Ssim)> Curve { get; init; } = [];

    /// <summary>Recovered pictures, <c>[C, H, W]</c> each, pixels of 0 to 1.</summary>
    public IReadOnlyList<float[]> Pictures { get; init; } = [];

    /// <summary>The real ones beside them, of the same size.</summary>
    public IReadOnlyList<float[]> Truth { get; init; } = [];

    /// <summary>Channels, height and width of these pictures.</summary>
    public (int Channels, int Height, int Width) Size { get; init; }

    /// <summary>The finding with quality and verdict of recovered pictures.</summary>
    /// <param name="found">Recovered pictures, <c>[N, C H W]</c>.</param>
    /// <param name="truth">Real ones.</param>
    /// <param name="mean">The mean picture of the set.</param>
    internal AttackFinding Judged(float[] found, float[] truth, float[] mean)
    {
        (int channels, int height, int width) = Size;
        int size = channels * height * width, count = found.Length / size;
        PictureQuality[] qualities = [.. Enumerable.Range(0, count).Select(
            i => Quality(found.AsSpan(i * size, size), truth.AsSpan(i * size, size)))];
        PictureQuality[] baselines = [.. Enumerable.Range(0, count).Select(
            i => Quality(mean, truth.AsSpan(i * size, size)))];
        int[] nearest = Attacks.UnpairedMatching.Nearest(found, truth, size);
        double identified = nearest.Where((picture, i) => picture == i).Count() / (double)Math.Max(count, 1);
        (PictureQuality own, PictureQuality baseline) = (Average(qualities), Average(baselines));
        return this with
        {
            Mean = own, Baseline = baseline, Identification = identified,
            SsimRange = (qualities.Min(q => q.Ssim), qualities.Max(q => q.Ssim)),
            Verdict = own.Ssim >= 0.9 || own.Psnr >= 30 ? Broken
                : own.Ssim >= baseline.Ssim + 0.15 || (count >= 10 && identified >= Math.Min(1, 10.0 / count))
                    ? Leaks
                    : NotBroken,
            Pictures = Split(found), Truth = Split(truth),
        };

        PictureQuality Quality(ReadOnlySpan<float> a, ReadOnlySpan<float> b) =>
            PictureQuality.Of(a, b, channels, height, width);
        float[][] Split(float[] all) => [.. Enumerable.Range(0, Math.Min(count, MorphAudit.ShownPictures)).Select(
            i => all.AsSpan(i * size, size).ToArray())];
    }

    private static PictureQuality Average(PictureQuality[] all) =>
        new(all.Average(q => q.MeanSquaredError), all.Average(q => q.Psnr), all.Average(q => q.Ssim));
}
