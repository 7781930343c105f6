using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Snooping.Attacks;

/// <summary>
/// Chooses the frames that an attack is applied to. The choice uses only the proxy, never the agent, and does not
/// depend on whether the attack then changes the frame.
/// </summary>
/// <param name="Rule">The rule that chooses frames.</param>
/// <param name="Rate">Fraction of the frames that is chosen, 0 to 1.</param>
/// <param name="Threshold">
/// For rules on the proxy's probabilities: frames whose score is below this threshold are chosen. Under attack the
/// agent reaches other states with other scores, so the threshold follows them to keep the rate.
/// </param>
public sealed record AttackTiming(TimingRule Rule, double Rate = 1, double Threshold = 0)
{
    /// <summary>
    /// Change of the threshold per frame, relative to the difference between the scores that would choose half and one
    /// and a half times as many frames.
    /// </summary>
    private const double StepPerSpread = 0.05;

    /// <summary>Fraction of the frames with a score equal to <c>Threshold</c> that is chosen, 0 to 1.</summary>
    public double TieShare { get; init; } = 1;

    /// <summary>
    /// Step size of the threshold per frame, 0 or more, in units of the score; 0: the threshold is fixed. The
    /// threshold falls by <c>Step * (1 - Rate)</c> after a frame that is chosen, and rises by <c>Step * Rate</c>
    /// after one that is not (stochastic approximation of a quantile). Set by <see cref="Calibrate"/>.
    /// </summary>
    public double Step { get; init; }

    /// <summary>Whether the rule compares a score with a threshold.</summary>
    internal bool IsScored => Rule is not (TimingRule.Every or TimingRule.Random);

    /// <summary>Chooses every frame.</summary>
    public static AttackTiming EveryFrame { get; } = new(TimingRule.Every);

    /// <summary>Chooses frames at random.</summary>
    /// <param name="rate">Fraction of the frames that is chosen, 0 to 1.</param>
    public static AttackTiming Random(double rate) => new(TimingRule.Random, rate);

    /// <summary>Sets the threshold of a rule so that a given fraction of a log's frames is chosen.</summary>
    /// <param name="rule">The rule. <c>Every</c> and <c>Random</c> need no threshold.</param>
    /// <param name="rate">Fraction of the frames to choose, 0 to 1.</param>
    /// <param name="proxy">The proxy whose class logits are scored.</param>
    /// <param name="log">The log to calibrate on; at most 2000 evenly spaced steps are used.</param>
    /// <exception cref="ArgumentException">
    /// The rate is out of range, the proxy's output is not class logits, the proxy was made for another stream format,
    /// or the log has no steps.
    /// </exception>
    public static AttackTiming Calibrate(TimingRule rule, double rate, Proxy proxy, IStateLog log)
    {
        if (rate is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(rate), rate, "timing: the rate is out of range (expected 0 to 1)");
        }

        if (rule is TimingRule.Every or TimingRule.Random)
        {
            return new AttackTiming(rule, rate);
        }

        Require([proxy]);
        RequireLog(proxy, log);
        int steps = Math.Min(log.Count, 2000), size = log.Stream.StackShape.Count;
        double[] scores = new double[steps];
        float[] stack = new float[size];
        for (int i = 0; i < steps; i++)
        {
            FrameHistory.Copy(log, (int)((long)i * log.Count / steps), stack);
            scores[i] = Score(
                rule,
                proxy.Network.Forward(Tensor.From(stack, [1, .. log.Stream.StackShape.AsSpan()])).AsSpan<float>());
        }

        Array.Sort(scores);
        int wanted = (int)Math.Round(rate * steps);
        double threshold = scores[Math.Clamp(wanted - 1, 0, steps - 1)];

        // A confident proxy gives many frames the same score. Of the frames exactly at the threshold, choose only the
        // fraction needed to reach the requested rate.
        int below = scores.Count(score => score < threshold), ties = scores.Count(score => score == threshold);
        return new AttackTiming(rule, rate, threshold)
        {
            TieShare = (double)(wanted - below) / ties,
            Step = StepPerSpread * (scores[Math.Min(wanted * 3 / 2, steps - 1)] - scores[wanted / 2]),
        };
    }

    /// <summary>Throws if the first proxy, whose output is scored, is missing or does not predict actions.</summary>
    internal static void Require(IReadOnlyList<Proxy> proxies)
    {
        if (proxies is not [{ Goal: ProxyGoal.Classes }, ..])
        {
            string got = proxies is [var first, ..]
                ? $"{first.Task}, whose output is {first.Goal}"
                : "no proxy";
            throw new ArgumentException($"timing: needs a proxy that predicts actions alone (got {got}); use "
                + "action-imitator, latent-imitator or offline-q");
        }
    }

    private static void RequireLog(Proxy proxy, IStateLog log)
    {
        if (!proxy.Stream.StackShape.Equals(log.Stream.StackShape))
        {
            throw new ArgumentException($"timing: the proxy {proxy.Task} was made for another stream format than the "
                + $"log (got {proxy.Stream.StackShape}, expected {log.Stream.StackShape})", nameof(proxy));
        }

        if (log.Count == 0)
        {
            throw new ArgumentException(
                "timing: the log has no steps (got 0, expected 1 or more); record more", nameof(log));
        }
    }

    /// <summary>Computes the score of a frame; frames with lower scores are chosen first.</summary>
    internal static double Score(TimingRule rule, ReadOnlySpan<float> logits)
    {
        float top = float.NegativeInfinity, second = float.NegativeInfinity, least = float.PositiveInfinity;
        double sum = 0;
        float most = TensorPrimitives.Max(logits);
        foreach (float logit in logits)
        {
            (top, second) = logit > top ? (logit, top) : (top, Math.Max(second, logit));
            least = Math.Min(least, logit);
            sum += Math.Exp(logit - most);
        }

        double best = 1 / sum;
        return rule == TimingRule.LowMargin
            ? best - (Math.Exp(second - most) / sum)
            : -(best - (Math.Exp(least - most) / sum));
    }
}

/// <summary>Rules for choosing the frames to attack.</summary>
public enum TimingRule
{
    /// <summary>Every frame.</summary>
    Every,

    /// <summary>Random frames: the baseline for the other rules.</summary>
    Random,

    /// <summary>
    /// Frames where the proxy's two most likely actions have the closest probabilities, so that a small perturbation
    /// can change the action (our formulation).
    /// </summary>
    LowMargin,

    /// <summary>
    /// Frames where the probabilities of the proxy's most and least likely actions differ most (Lin et al. 2017). The
    /// proxy is used instead of the victim.
    /// </summary>
    HighPreference,
}
