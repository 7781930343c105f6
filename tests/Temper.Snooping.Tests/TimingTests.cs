using Temper.Networks;
using Temper.Randomness;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;
using static Temper.Snooping.Tests.LinearProxies;

namespace Temper.Snooping.Tests;

/// <summary>Which frames a timing rule chooses.</summary>
public sealed class TimingTests
{
    [Fact]
    public void Frames_with_equal_scores_are_chosen_in_the_share_that_was_asked_for()
    {
        // A proxy with constant output gives every frame the same margin.
        IStateLog log = Streams.Catch(ThreatModel.SA, 400);
        Network network = Network.Build(new InputSpec { SampleShape = log.Stream.StackShape }, x => x.Flatten().Linear(2, name: "fc")).Initialize(RandomStream.FromSeed(1));
        network = network.WithParameters(network.Parameters.Select(parameter => parameter with { Value = Tensor.Zeros(parameter.Value.Shape) }));
        var proxy = new Proxy { Network = network, Task = "even", Goal = ProxyGoal.Classes, Stream = log.Stream };
        var attacker = new ObservationAttacker(GradientSign.Fgsm(0.1), [proxy], log.Stream, RandomStream.FromSeed(1), AttackTiming.Calibrate(TimingRule.LowMargin, 0.25, proxy, log));
        for (int step = 0; step < log.Count; step++)
        {
            attacker.Perturb(0, log.Observation(step).ToArray(), log.IsFirst(step));
        }

        Assert.InRange((double)attacker.Chosen / attacker.Frames, 0.17, 0.33);
    }

    [Theory]
    [InlineData(TimingRule.Random)]
    [InlineData(TimingRule.LowMargin)]
    [InlineData(TimingRule.HighPreference)]
    public void A_rule_chooses_about_the_share_that_was_asked_for(TimingRule rule)
    {
        IStateLog log = Streams.Catch(ThreatModel.SA, 1200);
        Proxy proxy = new ActionImitator().TrainOn(log, new ProxyOptions { Seed = 1, Epochs = 2 });
        AttackTiming timing = AttackTiming.Calibrate(rule, 0.25, proxy, log);
        var attacker = new ObservationAttacker(GradientSign.Fgsm(0.1), [proxy], log.Stream, RandomStream.FromSeed(1), timing);
        for (int step = 0; step < log.Count; step++)
        {
            attacker.Perturb(0, log.Observation(step).ToArray(), log.IsFirst(step));
        }

        Assert.InRange((double)attacker.Chosen / attacker.Frames, 0.2, 0.3);
    }

    /// <summary>The threshold is that of other states, where far more frames would be attacked; it follows the scores.</summary>
    [Fact]
    public void The_rate_holds_when_states_change()
    {
        IStateLog log = Streams.Catch(ThreatModel.SA, 1200);
        Proxy proxy = new ActionImitator().TrainOn(log, new ProxyOptions { Seed = 1, Epochs = 2 });
        AttackTiming timing = AttackTiming.Calibrate(TimingRule.LowMargin, 0.9, proxy, log) with { Rate = 0.25 };
        var attacker = new ObservationAttacker(GradientSign.Fgsm(0.1), [proxy], log.Stream, RandomStream.FromSeed(1), timing);
        for (int step = 0; step < log.Count; step++)
        {
            attacker.Perturb(0, log.Observation(step).ToArray(), log.IsFirst(step));
        }

        Assert.InRange((double)attacker.Chosen / attacker.Frames, 0.2, 0.4);
    }

    [Fact]
    public void A_timing_that_cannot_be_calibrated_is_refused()
    {
        var recorder = new SnoopRecorder(Pair, ThreatModel.S, 1);
        recorder.Observe([0.5f, 0.5f], isFirst: true);
        recorder.Act(0, 0);
        IStateLog log = recorder.ToLog(), empty = new SnoopRecorder(Pair, ThreatModel.S, 1).ToLog();
        Proxy proxy = Linear(Pair), other = Linear(Pair with { Frames = 2 });
        Refused("the rate is out of range", 1.5, proxy, log);
        Refused("the rate is out of range", double.NaN, proxy, log);
        Refused("made for another stream format", 0.5, other, log);
        Refused("the log has no steps", 0.5, proxy, empty);

        static void Refused(string why, double rate, Proxy proxy, IStateLog log) =>
            Assert.Contains(why, Assert.ThrowsAny<ArgumentException>(() => AttackTiming.Calibrate(TimingRule.LowMargin, rate, proxy, log)).Message, StringComparison.Ordinal);
    }
}
