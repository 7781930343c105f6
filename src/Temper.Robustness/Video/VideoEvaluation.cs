using System.Diagnostics;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>One row of the table: an attack at one size.</summary>
/// <param name="Attack">Its name; <c>clean</c> for none.</param>
/// <param name="Epsilon">Largest change of an element, in units of the inputs.</param>
/// <param name="Top1">Clips that are still right, 0 to 1.</param>
/// <param name="Top5">Clips whose class is among the five most likely, 0 to 1.</param>
/// <param name="Fooled">Clips whose class the attack has changed, of those that it attacked, 0 to 1.</param>
/// <param name="MedianFrames">Frames that are changed, median over the fooled clips; NaN: none.</param>
/// <param name="LateFrames">The 90th percentile.</param>
/// <param name="MeanChange">Mean magnitude of the change over all elements of all frames of fooled clips.</param>
/// <param name="Psnr">Peak signal to noise ratio of fooled clips, in dB, mean.</param>
/// <param name="Ssim">Structural similarity of fooled clips, mean over frames.</param>
/// <param name="Forwards">Forward passes.</param>
/// <param name="Backwards">Backward passes.</param>
/// <param name="Seconds">Time.</param>
public sealed record VideoRow(
    string Attack, double Epsilon, double Top1, double Top5, double Fooled, double MedianFrames, double LateFrames,
    double MeanChange, double Psnr, double Ssim,
    long Forwards, long Backwards, double Seconds);

/// <summary>The clips that an attack gives, with its row.</summary>
/// <param name="Row">The row.</param>
/// <param name="Result">Clips and outcomes.</param>
public sealed record VideoOutcome(VideoRow Row, AttackResult Result);

/// <summary>Measures attacks on clips.</summary>
/// <param name="target">The victim.</param>
/// <param name="clips">Clean clips <c>[N, T, C, H, W]</c>.</param>
/// <param name="labels">Their right classes.</param>
/// <param name="time">The clock.</param>
public sealed class VideoEvaluation(AttackTarget target, Tensor clips, long[] labels, TimeProvider time)
{
    private readonly int _size = target.SampleShape.Count;

    /// <summary>The victim's own classes of the clean clips.</summary>
    public long[] Predictions { get; } = Predict(target, clips);

    /// <summary>The row without an attack.</summary>
    public VideoRow Clean()
    {
        (double top1, double top5) = Accuracy(clips);
        return new VideoRow(
            "clean", 0, top1, top5, double.NaN, double.NaN, double.NaN, 0, double.PositiveInfinity, 1, labels.Length, 0,
            0);
    }

    /// <summary>Runs an attack and measures what it gives, rounded to bytes as files hold it.</summary>
    /// <param name="attack">
    /// The attack; its criterion is that the class changes from the victim's own, or from the right one.
    /// </param>
    /// <param name="epsilon">Its size, for the row.</param>
    /// <param name="usesLabels">
    /// Whether the right classes are used; the victim's own otherwise, which tells the attack nothing.
    /// </param>
    /// <param name="random">Where its random numbers start.</param>
    /// <param name="asked">What the attack asks; null: the victim.</param>
    /// <param name="cancel">Stops it.</param>
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

    /// <summary>Measures what somebody has made of the clips.</summary>
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
            Quantile(frames, 0.5), Quantile(frames, 0.9),
            Mean(i => ClipChange.Mean(Clip(clips, i), Clip(result.Adversarials, i))),
            Mean(i => ClipChange.Psnr(Clip(clips, i), Clip(result.Adversarials, i), range)),
            Mean(i => ClipChange.Ssim(Clip(clips, i), Clip(result.Adversarials, i), target.SampleShape, range)),
            result.Samples.Sum(sample => (long)sample.Forwards), result.Samples.Sum(sample => (long)sample.Backwards),
            seconds);
        return new VideoOutcome(row, result);

        double Mean(Func<int, double> value) => fooled.Length == 0 ? double.NaN : fooled.Average(value);
    }

    /// <summary>How often the right class is the most likely one, and among the five most likely.</summary>
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
                // NaN logits and ties count against the network.
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
        return [.. Enumerable.Range(0, count).Select(i => (long)System.Numerics.Tensors.TensorPrimitives.IndexOfMax(
            logits.AsSpan(i * target.Classes, target.Classes)))];
    }

    private static double Quantile(double[] sorted, double part) =>
        sorted.Length == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Length - 1, Math.Floor(part * sorted.Length))];
}
