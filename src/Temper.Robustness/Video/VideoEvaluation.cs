using System.Diagnostics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>One row of the result table: an attack with one radius.</summary>
/// <param name="Attack">Name of the attack; <c>clean</c>: no attack.</param>
/// <param name="Epsilon">Maximum change of an element, in units of the inputs.</param>
/// <param name="Top1">Fraction of clips classified correctly, 0 to 1.</param>
/// <param name="Top5">Fraction of clips whose true class is among the five most likely, 0 to 1.</param>
/// <param name="Fooled">Fraction of the attacked clips whose class changed, 0 to 1.</param>
/// <param name="MedianFrames">Median number of changed frames over the fooled clips; NaN without fooled clips.</param>
/// <param name="LateFrames">
/// 90th percentile of the number of changed frames over the fooled clips, interpolated linearly like the median.
/// </param>
/// <param name="MeanChange">Mean absolute change over all elements of the fooled clips.</param>
/// <param name="Psnr">Mean peak signal-to-noise ratio of the fooled clips, in dB.</param>
/// <param name="Ssim">Mean structural similarity of the fooled clips.</param>
/// <param name="Forwards">Number of forward passes.</param>
/// <param name="Backwards">Number of backward passes.</param>
/// <param name="Seconds">Duration in seconds.</param>
public sealed record VideoRow(
    string Attack, double Epsilon, double Top1, double Top5, double Fooled, double MedianFrames, double LateFrames,
    double MeanChange, double Psnr, double Ssim,
    long Forwards, long Backwards, double Seconds)
{
    /// <summary>Difference between the bounds of the inputs: 255 levels of 8-bit frames.</summary>
    internal double Range { get; init; } = 1;

    /// <summary><see cref="Epsilon"/> in levels of 8-bit frames.</summary>
    internal double Levels => Epsilon / Range * 255;
}

/// <summary>The clips that result from an attack, and their table row.</summary>
/// <param name="Row">Table row.</param>
/// <param name="Result">Attacked clips and outcomes.</param>
public sealed record VideoOutcome(VideoRow Row, AttackResult Result);

/// <summary>Measures attacks on clips.</summary>
/// <param name="target">Victim.</param>
/// <param name="clips">Clean clips <c>[N, T, C, H, W]</c>.</param>
/// <param name="labels">True class of each clip.</param>
/// <param name="time">Clock that measures the duration.</param>
public sealed class VideoEvaluation(AttackTarget target, Tensor clips, long[] labels, TimeProvider time)
{
    private readonly int _size = target.SampleShape.Count;

    /// <summary>Classes that the victim predicts for the clean clips.</summary>
    public long[] Predictions { get; } = Predict(target, clips);

    /// <summary>Returns the row without an attack.</summary>
    public VideoRow Clean()
    {
        (double top1, double top5) = Accuracy(clips);
        return new VideoRow(
            "clean", 0, top1, top5, double.NaN, double.NaN, double.NaN, 0, double.PositiveInfinity, 1, labels.Length, 0,
            0);
    }

    /// <summary>Runs an attack and measures the resulting clips, rounded to 256 levels as in files.</summary>
    /// <param name="attack">
    /// Attack to run. Its goal is to change the predicted or the true class, see <paramref name="usesLabels"/>.
    /// </param>
    /// <param name="epsilon">Radius of the attack, for the row.</param>
    /// <param name="usesLabels">
    /// Whether the attack starts from the true classes. Otherwise it starts from the victim's predictions and so needs
    /// no labels.
    /// </param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="asked">Target that the attack queries; null: the victim.</param>
    /// <param name="cancel">Cancels the attack.</param>
    public VideoOutcome Run(
        Attack attack, double epsilon, bool usesLabels, RandomStream random, AttackTarget? asked = null,
        CancellationToken cancel = default)
    {
        long start = time.GetTimestamp();
        AttackResult result = attack.Run(
            asked ?? target, clips, Criterion.Misclassified(usesLabels ? labels : Predictions), random,
            new AttackRun { BatchSize = 16 }, cancel);
        double seconds = time.GetElapsedTime(start).TotalSeconds;
        Tensor bytes = ByteFrames.Rounded(result.Adversarials, clips, target.Minimum, target.Maximum);
        return Measure(attack.Name, epsilon, result with { Adversarials = bytes }, seconds);
    }

    /// <summary>Measures clips that were attacked elsewhere.</summary>
    public VideoOutcome Measure(string name, double epsilon, AttackResult result, double seconds)
    {
        (double top1, double top5) = Accuracy(result.Adversarials);
        int[] fooled = [.. Enumerable.Range(0, labels.Length).Where(
            i => result.Samples[i].Outcome == AttackOutcome.Fooled)];
        double[] frames = [.. fooled.Select(i =>
            (double)ClipChange.Frames(Clip(clips, i), Clip(result.Adversarials, i), target.SampleShape[0])).Order()];
        int attacked = result.Samples.Count(sample => sample.Outcome != AttackOutcome.WrongFromStart);
        double range = target.Maximum - target.Minimum;
        var row = new VideoRow(
            name, epsilon, top1, top5, attacked == 0 ? double.NaN : fooled.Length / (double)attacked,
            Percentiles.Of(frames, 0.5), Percentiles.Of(frames, 0.9),
            Mean(i => ClipChange.Mean(Clip(clips, i), Clip(result.Adversarials, i))),
            Mean(i => ClipChange.Psnr(Clip(clips, i), Clip(result.Adversarials, i), range)),
            Mean(i => ClipChange.Ssim(Clip(clips, i), Clip(result.Adversarials, i), target.SampleShape, range)),
            result.Samples.Sum(sample => (long)sample.Forwards), result.Samples.Sum(sample => (long)sample.Backwards),
            seconds)
        {
            Range = range,
        };
        return new VideoOutcome(row, result);

        double Mean(Func<int, double> value) => fooled.Length == 0 ? double.NaN : fooled.Average(value);
    }

    /// <summary>
    /// Returns the fractions of clips whose true class is the most likely one and among the five most likely.
    /// </summary>
    public (double Top1, double Top5) Accuracy(Tensor some)
    {
        float[] logits = new float[labels.Length * target.Classes];
        target.Scores(some.AsSpan<float>(), labels.Length, logits);
        int first = 0, fifth = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            ReadOnlySpan<float> row = logits.AsSpan(i * target.Classes, target.Classes);
            int rank = 0;
            for (int k = 0; k < row.Length; k++)
            {
                // NaN logits and ties count as errors.
                rank += k != labels[i] && !(row[k] < row[(int)labels[i]]) ? 1 : 0;
            }

            first += rank == 0 ? 1 : 0;
            fifth += rank < 5 ? 1 : 0;
        }

        return (first / (double)labels.Length, fifth / (double)labels.Length);
    }

    private ReadOnlySpan<float> Clip(Tensor all, int i) => all.AsSpan<float>().Slice(i * _size, _size);

    private static long[] Predict(AttackTarget target, Tensor clips)
    {
        int count = clips.Shape[0];
        float[] logits = new float[count * target.Classes];
        target.Scores(clips.AsSpan<float>(), count, logits);
        return [.. Enumerable.Range(0, count).Select(i => (long)TensorPrimitives.IndexOfMax(
            logits.AsSpan(i * target.Classes, target.Classes)))];
    }
}
