using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;

namespace Temper.Snooping.Attacks;

/// <summary>Which frames are attacked, decided by the proxy alone.</summary>
/// <param name="Rule">How.</param>
/// <param name="Rate">For random frames: the share that is attacked.</param>
/// <param name="Threshold">For rules on the proxy's probabilities: the bound.</param>
public sealed record AttackTiming(TimingRule Rule, double Rate = 1, double Threshold = 0)
{
    /// <summary>Share of the frames at the bound itself that is attacked, 0 to 1.</summary>
    public double TieShare { get; init; } = 1;

    /// <summary>Every frame.</summary>
    public static AttackTiming EveryFrame { get; } = new(TimingRule.Every);

    /// <summary>Random frames.</summary>
    /// <param name="rate">The share that is attacked, 0 to 1.</param>
    public static AttackTiming Random(double rate) => new(TimingRule.Random, rate);

    /// <summary>A rule whose bound attacks a share of the frames of a log.</summary>
    /// <param name="rule">Low margin, or high preference.</param>
    /// <param name="rate">The share, between 0 and 1.</param>
    /// <param name="proxy">Gives logits of classes.</param>
    /// <param name="log">Frames to take the bound from.</param>
    /// <exception cref="ArgumentException">The proxy gives no classes.</exception>
    public static AttackTiming Calibrate(TimingRule rule, double rate, Proxy proxy, IStateLog log)
    {
        if (rule is TimingRule.Every or TimingRule.Random)
        {
            return new AttackTiming(rule, rate);
        }

        Require(proxy);
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

        // A proxy that is sure gives many frames the same score: of those at the bound itself only as many are attacked
        // as are missing.
        int below = scores.Count(score => score < threshold), ties = scores.Count(score => score == threshold);
        return new AttackTiming(rule, rate, threshold) { TieShare = (double)(wanted - below) / ties };
    }

    /// <summary>Whether a frame is attacked.</summary>
    internal bool Attacks(ReadOnlySpan<float> logits, float draw) => Rule switch
    {
        TimingRule.Every => true,
        TimingRule.Random => draw < Rate,
        _ => Score(Rule, logits) is var score && (score < Threshold || (score == Threshold && draw < TieShare)),
    };

    internal static void Require(Proxy proxy)
    {
        if (proxy.Goal is not ProxyGoal.Classes)
        {
            throw new ArgumentException($"timing: needs a proxy of actions (got {proxy.Task}, whose output is "
                + $"{proxy.Goal}); use action-imitator, latent-imitator or offline-q");
        }
    }

    /// <summary>Small where the frame is to be attacked first.</summary>
    private static double Score(TimingRule rule, ReadOnlySpan<float> logits)
    {
        float top = float.NegativeInfinity, second = float.NegativeInfinity, least = float.PositiveInfinity;
        double sum = 0;
        float most = System.Numerics.Tensors.TensorPrimitives.Max(logits);
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

/// <summary>How frames are chosen.</summary>
public enum TimingRule
{
    /// <summary>All of them.</summary>
    Every,

    /// <summary>At random: what other rules are compared with.</summary>
    Random,

    /// <summary>
    /// Where the proxy's two likeliest actions are closest: a small change turns them (our formulation).
    /// </summary>
    LowMargin,

    /// <summary>
    /// Where its likeliest action is farthest above its least likely one (Lin et al. 2017), with the proxy in the place
    /// of the victim.
    /// </summary>
    HighPreference,
}
