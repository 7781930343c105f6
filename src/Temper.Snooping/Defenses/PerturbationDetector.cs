using System.Globalization;
using Temper.Networks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;

namespace Temper.Snooping.Defenses;

/// <summary>
/// Detects perturbed observations with a future predictor. An alarm is raised if an observation differs more from the
/// prediction than clean observations do. The threshold is calibrated on clean play to a given false alarm rate (our
/// formulation).
/// </summary>
/// <remarks>Not thread-safe. The first frame of an episode has no prediction and raises no alarm.</remarks>
public sealed class PerturbationDetector
{
    private readonly Proxy _predictor;
    private readonly Pass _pass = Pass.Evaluation.BatchInvariant();
    private readonly Dictionary<int, float[]> _stacks = [];

    private PerturbationDetector(Proxy predictor) => _predictor = predictor;

    /// <summary>
    /// Largest difference without an alarm: mean absolute difference between predicted and observed values.
    /// </summary>
    public double Bound { get; private init; }

    /// <summary>Creates a detector and calibrates its threshold on clean play.</summary>
    /// <param name="predictor">A proxy trained as a future predictor.</param>
    /// <param name="clean">Clean play of the same stream format that was not used to train the predictor.</param>
    /// <param name="falseAlarms">Fraction of clean frames that raise an alarm, 0 to below 1.</param>
    /// <exception cref="ArgumentException">
    /// The proxy is not a future predictor, the stream formats differ, the fraction is out of range, or no observation
    /// of the log has a predecessor in its episode.
    /// </exception>
    public static PerturbationDetector Calibrate(Proxy predictor, IStateLog clean, double falseAlarms = 0.01)
    {
        Require(predictor, clean, falseAlarms);
        var detector = new PerturbationDetector(predictor);
        double[] scores = [.. Enumerable.Range(0, clean.Count).Select(
            step => detector.Score(0, clean.Observation(step), clean.IsFirst(step))).Where(double.IsFinite)];
        if (scores.Length == 0)
        {
            throw new ArgumentException(
                "detector: every episode of the log has only one observation (expected two or more); record more");
        }

        Array.Sort(scores);
        int allowed = (int)(falseAlarms * scores.Length);
        return new PerturbationDetector(predictor) { Bound = scores[scores.Length - 1 - allowed] };
    }

    private static void Require(Proxy predictor, IStateLog clean, double falseAlarms)
    {
        if (predictor.Goal != ProxyGoal.Cells)
        {
            throw new ArgumentException($"detector: needs a proxy that predicts the next observation (got "
                + $"{predictor.Task}); train one with temper rl snoop --proxy future-predictor, or FuturePredictor in "
                + "code", nameof(predictor));
        }

        if (!predictor.Stream.StackShape.Equals(clean.Stream.StackShape))
        {
            throw new ArgumentException("detector: the log has other stacks of frames than the predictor (got "
                + $"{clean.Stream.StackShape}, expected {predictor.Stream.StackShape}); use a log of the stream that "
                + "the predictor was trained on", nameof(clean));
        }

        if (falseAlarms is not (>= 0 and < 1))
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"detector: the rate of false alarms is out of range (got "
                    + $"{falseAlarms}, expected 0 to below 1)"), nameof(falseAlarms));
        }
    }

    /// <summary>Creates a detector with the same threshold and empty frame history.</summary>
    public PerturbationDetector Fresh() => new(_predictor) { Bound = Bound };

    /// <summary>Returns whether an observation raises an alarm.</summary>
    /// <param name="slot">Index of the stream.</param>
    /// <param name="frame">
    /// The received observation, perturbed or not: one frame, with as many values as the stream's frame shape.
    /// </param>
    /// <param name="isFirst">True at the first observation of an episode.</param>
    /// <exception cref="ArgumentException">The observation has the wrong length or is not finite.</exception>
    public bool Alarms(int slot, ReadOnlySpan<float> frame, bool isFirst) => Score(slot, frame, isFirst) > Bound;

    /// <summary>Mean absolute difference between predicted and observed values; NaN for a first frame.</summary>
    internal double Score(int slot, ReadOnlySpan<float> frame, bool isFirst)
    {
        int expected = _predictor.Stream.FrameShape.Count;
        if (frame.Length != expected)
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"detector: the observation has the wrong length (got "
                    + $"{frame.Length}, expected {expected})"), nameof(frame));
        }

        FiniteValues.Require("detector", frame);
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
