namespace Temper.Privacy.Audit;

/// <summary>Result of one attack of an audit.</summary>
public sealed record AttackFinding
{
    /// <summary>Verdict: the pictures were recovered, with mean SSIM of 0.9 or more or PSNR of 30 dB or more.</summary>
    public const string Broken = "BROKEN";

    /// <summary>
    /// Verdict: SSIM is at least 0.15 above that of the mean picture, or rows are identified ten times as often as by
    /// chance.
    /// </summary>
    public const string Leaks = "LEAKS";

    /// <summary>Verdict: neither broken nor leaking; says nothing about attacks that were not run.</summary>
    public const string NotBroken = "NOT BROKEN BY THESE ATTACKS";

    /// <summary>Verdict: a required input was missing; <see cref="Detail"/> says which.</summary>
    public const string NotRun = "NOT RUN";

    /// <summary>Short name of the attack; stable, for use in scripts.</summary>
    public required string Name { get; init; }

    /// <summary>What an outsider needs for the attack.</summary>
    public required string Needs { get; init; }

    /// <summary>One of the verdict constants.</summary>
    public required string Verdict { get; init; }

    /// <summary>Description of the result.</summary>
    public required string Detail { get; init; }

    /// <summary>Duration of the attack.</summary>
    public TimeSpan Time { get; init; }

    /// <summary>
    /// Mean quality of the recovered pictures; null: the originals are unknown or no picture was recovered.
    /// </summary>
    public PictureQuality? Mean { get; init; }

    /// <summary>Smallest and largest SSIM among the recovered pictures; null: not measured.</summary>
    public (double Min, double Max)? SsimRange { get; init; }

    /// <summary>Quality of the data set's mean picture, as a baseline; null: not measured.</summary>
    public PictureQuality? Baseline { get; init; }

    /// <summary>Fraction of the rows matched to the right picture, 0 to 1; null: not measured.</summary>
    public double? Identification { get; init; }

    /// <summary>
    /// Mean SSIM of unseen pictures by number of known pairs, in ascending order; empty for attacks without pairs.
    /// </summary>
    public IReadOnlyList<(int Pairs, double Ssim)> Curve { get; init; } = [];

    /// <summary>Recovered pictures, each <c>[C, H, W]</c>, with values from 0 to 1.</summary>
    public IReadOnlyList<float[]> Pictures { get; init; } = [];

    /// <summary>The originals of <see cref="Pictures"/>, in the same order and size.</summary>
    public IReadOnlyList<float[]> Truth { get; init; } = [];

    /// <summary>Channels, height and width of the pictures.</summary>
    public (int Channels, int Height, int Width) Size { get; init; }

    /// <summary>Returns a copy of this finding with the quality of the recovered pictures and the verdict.</summary>
    /// <param name="found">Recovered pictures, <c>[N, C H W]</c>.</param>
    /// <param name="truth">Original pictures, <c>[N, C H W]</c>.</param>
    /// <param name="mean">Mean picture of the data set.</param>
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
