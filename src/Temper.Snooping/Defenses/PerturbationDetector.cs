using Temper.Networks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;

namespace Temper.Snooping.Defenses;

/// <summary>
/// The attacker's future predictor in the defender's hands: an observation that differs more from what was foreseen
/// than clean ones do raises an alarm. The bound is set on clean play, so that a given share of its frames raises a
/// false one (our formulation).
/// </summary>
/// <remarks>Belongs to one thread. The first frame of an episode cannot be foreseen and raises none.</remarks>
public sealed class PerturbationDetector
{
    private readonly Proxy _predictor;
    private readonly Pass _pass = Pass.Evaluation.BatchInvariant();
    private readonly Dictionary<int, float[]> _stacks = [];

    private PerturbationDetector(Proxy predictor) => _predictor = predictor;

    /// <summary>
    /// Largest difference without an alarm: mean absolute difference of a number to the foreseen one.
    /// </summary>
    public double Bound { get; private init; }

    /// <summary>Sets the bound.</summary>
    /// <param name="predictor">A future predictor.</param>
    /// <param name="clean">Clean play that it was not trained on; the same format.</param>
    /// <param name="falseAlarms">Share of clean frames that raise an alarm, 0 to below 1.</param>
    /// <exception cref="ArgumentException">
    /// The proxy foresees nothing, the formats differ, or the share is out of range.
    /// </exception>
    public static PerturbationDetector Calibrate(Proxy predictor, IStateLog clean, double falseAlarms = 0.01)
    {
        if (predictor.Goal != ProxyGoal.Cells
            || !predictor.Stream.StackShape.Equals(clean.Stream.StackShape) || falseAlarms is not (>= 0 and < 1))
        {
            throw new ArgumentException("detector: needs a future predictor of the log's format and a share below 1 "
                + $"(got {predictor.Task} of {predictor.Stream.StackShape}, {clean.Stream.StackShape}, {falseAlarms}); "
                    + "train one with temper rl snoop --proxy future-predictor");
        }

        var detector = new PerturbationDetector(predictor);
        double[] scores = [.. Enumerable.Range(0, clean.Count).Select(
            step => detector.Score(0, clean.Observation(step), clean.IsFirst(step))).Where(double.IsFinite)];
        if (scores.Length == 0)
        {
            throw new ArgumentException(
                "detector: no observation of the log is followed by another one of its episode; record more");
        }

        Array.Sort(scores);
        int allowed = (int)(falseAlarms * scores.Length);
        return new PerturbationDetector(predictor) { Bound = scores[scores.Length - 1 - allowed] };
    }

    /// <summary>One with the same bound and no memory of what was seen.</summary>
    public PerturbationDetector Fresh() => new(_predictor) { Bound = Bound };

    /// <summary>Whether an observation raises an alarm.</summary>
    /// <param name="slot">Which stream.</param>
    /// <param name="frame">As it arrives, changed or not.</param>
    /// <param name="isFirst">Whether an episode begins.</param>
    public bool Alarms(int slot, ReadOnlySpan<float> frame, bool isFirst) => Score(slot, frame, isFirst) > Bound;

    /// <summary>Mean absolute difference of a number to the foreseen one; NaN for a first frame.</summary>
    internal double Score(int slot, ReadOnlySpan<float> frame, bool isFirst)
    {
        if (!_stacks.TryGetValue(slot, out float[]? stack))
        {
            _stacks.Add(slot, stack = new float[_predictor.Stream.StackShape.Count]);
            isFirst = true;
        }

        double score = isFirst ? double.NaN : Difference(stack, frame);
        FrameHistory.Push(stack, frame, isFirst);
        return score;
    }

    private double Difference(float[] stack, ReadOnlySpan<float> frame)
    {
        using var scope = new TensorScope();
        ReadOnlySpan<float> foreseen = _predictor.Network
            .Forward([Tensor.From(stack, [1, .. _predictor.Stream.StackShape.AsSpan()])], _pass)[0].AsSpan<float>();
        double sum = 0;
        for (int i = 0; i < frame.Length; i++)
        {
            sum += Math.Abs(frame[i] - (1 / (1 + Math.Exp(-foreseen[i]))));
        }

        return sum / frame.Length;
    }
}
