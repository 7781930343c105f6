using Temper.Networks;
using Temper.Randomness;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;
using static Temper.Snooping.Tests.LinearProxies;

namespace Temper.Snooping.Tests;

public sealed class AttackerTests
{
    [Fact]
    public void A_step_goes_along_the_sign_away_from_the_class_that_wins()
    {
        // x0 - 2 x1 > 0: class 0 wins, so the attack decreases x0 and increases x1; below 0 it does the opposite.
        Near([0.8f, 0.2f], Attack(GradientSign.Fgsm(0.1), Linear(Pair), 0.9f, 0.1f));
        Near([0.2f, 0.8f], Attack(GradientSign.Fgsm(0.1), Linear(Pair), 0.1f, 0.9f));
        Near([0.8f, 0.2f], Attack(GradientSign.Fgsm(0.1) with { IsTargeted = true }, Linear(Pair), 0.9f, 0.1f));
        Near([0.8f, 0.2f], Attack(GradientSign.Fgsm(0.1), Linear(Pair, ProxyGoal.Rewards), 0.9f, 0.1f));
    }

    [Fact]
    public void A_value_is_led_down_or_up()
    {
        Near([0.4f, 0.6f], Attack(GradientSign.Fgsm(0.1), Linear(Pair, ProxyGoal.Value), 0.5f, 0.5f));
        Near([0.6f, 0.4f], Attack(GradientSign.Fgsm(0.1) with { RaisesValue = true }, Linear(Pair, ProxyGoal.Value), 0.5f, 0.5f));
    }

    [Fact]
    public void The_first_frame_of_an_episode_fills_the_stack_as_the_agent_receives_it()
    {
        // x0 - 2 x1 of the first frame is 0.2, and -0.1 after the attack, in all three places of the agent's stack. With
        // 0.05 of the second frame, class 1 wins, so the attack increases x0. With a clean frame left in the stack,
        // class 0 would win.
        var attacker = new ObservationAttacker(GradientSign.Fgsm(0.1), [Linear(Pair with { Frames = 3 })], Pair with { Frames = 3 }, RandomStream.FromSeed(1));
        float[] first = [0.6f, 0.2f], second = [0.45f, 0.2f];
        attacker.Perturb(0, first, isFirst: true);
        attacker.Perturb(0, second, isFirst: false);
        Near([0.5f, 0.3f], first);
        Near([0.55f, 0.1f], second);
    }

    public static TheoryData<ObservationAttack> WithoutEffect =>
    [
        new GuidedFrame { Epsilon = 0.1 }, GradientSign.Fgsm(0.1), new RandomSign { Epsilon = 0.4 / 255, Precision = ChannelPrecision.UInt8 },
        new GuidedFrame { Epsilon = 0.1, Precision = ChannelPrecision.UInt8 },
    ];

    /// <summary>
    /// The proxy prefers no action and has no gradient, and the channel rounds the small noise away. That it also rounds
    /// the clean values is not an attack.
    /// </summary>
    [Theory]
    [MemberData(nameof(WithoutEffect))]
    public void A_frame_that_stays_as_it_was_is_chosen_but_not_attacked(ObservationAttack attack)
    {
        Proxy proxy = Linear(Pair);
        Network even = proxy.Network.WithParameters(proxy.Network.Parameters.Select(parameter => parameter with { Value = Tensor.Zeros(parameter.Value.Shape) }));
        var attacker = new ObservationAttacker(attack, [proxy with { Network = even }], Pair, RandomStream.FromSeed(1));
        float[] observation = [0.31f, 0.69f];
        attacker.Perturb(0, observation, isFirst: true);
        Assert.Equal((1, 1, 0), (attacker.Frames, attacker.Chosen, attacker.Attacked));
        Assert.Equal(attack.Precision == ChannelPrecision.UInt8 ? [79 / 255f, 176 / 255f] : [0.31f, 0.69f], observation);
    }

    [Theory]
    [InlineData(ChannelPrecision.Float32)]
    [InlineData(ChannelPrecision.UInt8)]
    public void A_frame_that_changes_is_attacked(ChannelPrecision precision)
    {
        var attacker = new ObservationAttacker(GradientSign.Fgsm(0.1) with { Precision = precision }, [Linear(Pair)], Pair, RandomStream.FromSeed(1), AttackTiming.Random(1));
        attacker.Perturb(0, new float[] { 0.9f, 0.1f }, isFirst: true);
        Assert.Equal((1, 1, 1), (attacker.Frames, attacker.Chosen, attacker.Attacked));
    }

    public static TheoryData<ObservationAttack> Attacks =>
    [
        new RandomSign { Epsilon = 0.1 }, new UniformNoise { Epsilon = 0.1 }, GradientSign.Fgsm(0.1), GradientSign.Pgd(0.1), GradientSign.MomentumIterative(0.1),
    ];

    [Theory]
    [MemberData(nameof(Attacks))]
    public void Changes_stay_within_epsilon_and_the_bounds_and_are_repeatable(ObservationAttack attack)
    {
        IStateLog log = Streams.Catch(ThreatModel.S, 30);
        Proxy proxy = Linear(log.Stream with { FrameShape = Shape.Create(128) });
        List<float[]> Run()
        {
            var attacker = new ObservationAttacker(attack, [proxy], proxy.Stream, RandomStream.FromSeed(3));
            return [.. Enumerable.Range(0, log.Count).Select(step =>
            {
                float[] observation = log.Observation(step).ToArray();
                attacker.Perturb(0, observation, log.IsFirst(step));
                return observation;
            })];
        }

        List<float[]> first = Run(), second = Run();
        for (int step = 0; step < log.Count; step++)
        {
            Assert.Equal(first[step], second[step]);
            Assert.NotEqual(log.Observation(step).ToArray(), first[step]);
            for (int i = 0; i < first[step].Length; i++)
            {
                Assert.InRange(first[step][i], 0, 1);
                Assert.InRange(Math.Abs(first[step][i] - log.Observation(step)[i]), 0, 0.1f + 1e-6f);
            }
        }
    }

    [Fact]
    public void A_frame_is_changed_once_and_stays_changed_in_the_stack()
    {
        StreamInfo stream = Pair with { Frames = 3 };
        var seen = new List<float[]>();
        Proxy proxy = Linear(stream);
        var attacker = new ObservationAttacker(GradientSign.Fgsm(0.1), [proxy], stream, RandomStream.FromSeed(1));
        float[] stack = new float[6];
        for (int step = 0; step < 5; step++)
        {
            float[] frame = [0.5f, 0.1f * step];
            attacker.Perturb(0, frame, isFirst: step == 0);
            FrameHistory.Push(stack, frame, isFirst: step == 0);
            seen.Add(frame);
        }

        Assert.Equal([.. seen[2], .. seen[3], .. seen[4]], stack);
        Assert.All(seen, frame => Assert.InRange(Math.Abs(frame[0] - 0.5f), 0.099f, 0.101f));
    }

    [Fact]
    public void An_8_bit_channel_rounds_small_changes_away()
    {
        float[] observation = [128 / 255f, 64 / 255f];
        GradientSign small = GradientSign.Fgsm(0.4 / 255) with { Precision = ChannelPrecision.UInt8 };
        Assert.True(small.IsBelowPrecision);
        Assert.Equal([128 / 255f, 64 / 255f], Attack(small, Linear(Pair), [.. observation]));
        Assert.NotEqual(observation, Attack(small with { Epsilon = 2.0 / 255 }, Linear(Pair), [.. observation]));
    }

    [Fact]
    public void The_guided_attack_moves_no_further_than_it_takes_to_turn_the_action()
    {
        // x0 - 2 x1 = 0.2: the nearest point of the other class is 0.2 / sqrt(5) away, at an offset of (-0.04, +0.08).
        float[] turned = Attack(new GuidedFrame { Epsilon = 0.3, Steps = 50 }, Linear(Pair), 0.6f, 0.2f);
        Assert.InRange(turned[0] - (2 * turned[1]), -0.1f, 1e-4f);
        Assert.InRange(Math.Abs(turned[0] - 0.6f), 0, 0.1f);
        Assert.InRange(Math.Abs(turned[1] - 0.2f), 0.04f, 0.15f);
        float[] cut = Attack(new GuidedFrame { Epsilon = 0.01 }, Linear(Pair), 0.9f, 0.1f);
        Assert.All(cut.Zip([0.9f, 0.1f]), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.01f + 1e-6f));
        Assert.Throws<ArgumentException>(() => Attack(new GuidedFrame { Epsilon = 0.1 }, Linear(Pair, ProxyGoal.Value), 0.5f, 0.5f));
    }

    /// <summary>
    /// The scores x0 - 2 x1 of the older frames are 1 and 0, that of the newest -0.8, so their sum is 0.2 and the nearest
    /// newest frame with the other class is 0.2 / sqrt(5) away, at an offset of (-0.04, +0.08). A search over the whole
    /// stack would give the newest frame only a third of this, and the class would not change.
    /// </summary>
    [Fact]
    public void The_guided_attack_turns_the_action_with_the_newest_frame_alone()
    {
        StreamInfo stream = Pair with { Frames = 3 };

        // Only the last stack has logits close enough to be attacked.
        var timing = new AttackTiming(TimingRule.LowMargin, Threshold: 0.5);
        var attacker = new ObservationAttacker(new GuidedFrame { Epsilon = 0.3, Steps = 50 }, [Linear(stream)], stream, RandomStream.FromSeed(1), timing);
        float[][] frames = [[1, 0], [0, 0], [0.2f, 0.5f]];
        for (int step = 0; step < frames.Length; step++)
        {
            attacker.Perturb(0, frames[step], isFirst: step == 0);
        }

        Assert.Equal(1, attacker.Attacked);
        float[] older = [.. frames[0], .. frames[1]];
        Assert.Equal([1f, 0, 0, 0], older);
        Assert.Equal(0.16f, frames[2][0], 2e-3f);
        Assert.Equal(0.58f, frames[2][1], 2e-3f);
        Assert.InRange(1 + frames[2][0] - (2 * frames[2][1]), -0.01f, 0);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(2.5)]
    [InlineData(3.9)]
    public void What_arrives_over_8_bits_is_within_epsilon_of_what_would_have_arrived(double levels)
    {
        GradientSign attack = GradientSign.Fgsm(levels / 255) with { Precision = ChannelPrecision.UInt8 };
        float[] observation = [128.2f / 255, 64.3f / 255], arrives = Attack(attack, Linear(Pair), [.. observation]);
        for (int i = 0; i < arrives.Length; i++)
        {
            float unchanged = MathF.Round(observation[i] * 255);
            Assert.Equal(Math.Floor(levels), Math.Abs((arrives[i] * 255) - unchanged), 1e-3);
        }
    }

    [Fact]
    public void Numbers_outside_the_bounds_are_no_reason_to_fail()
    {
        float[] seen = Attack(GradientSign.Fgsm(0.1), Linear(Pair), 3, -2);
        Near([2.9f, -1.9f], seen);                       // they move back towards the bounds, by at most epsilon
    }

    [Theory]
    [InlineData(-1, 0.5f, "the slot is out of range (got -1")]
    [InlineData(0, float.NaN, "the observation is not finite (got NaN at index 1")]
    [InlineData(0, float.NegativeInfinity, "the observation is not finite (got -Infinity at index 1")]
    public void Negative_slots_and_values_that_are_not_finite_are_refused(int slot, float value, string why)
    {
        var attacker = new ObservationAttacker(GradientSign.Fgsm(0.1), [Linear(Pair)], Pair, RandomStream.FromSeed(1));
        Assert.Contains(why, Assert.Throws<ArgumentException>(() => attacker.Perturb(slot, new float[] { 0.5f, value }, isFirst: true)).Message, StringComparison.Ordinal);
        Assert.Equal(0, attacker.Frames);
    }

    [Fact]
    public void Wrong_lengths_options_and_streams_are_refused()
    {
        var attacker = new ObservationAttacker(GradientSign.Fgsm(0.1), [Linear(Pair)], Pair, RandomStream.FromSeed(1));
        Assert.Throws<ArgumentException>(() => attacker.Perturb(0, new float[3], isFirst: true));
        Assert.Throws<ArgumentException>(() => new ObservationAttacker(GradientSign.Fgsm(double.NaN), [Linear(Pair)], Pair, RandomStream.FromSeed(1)));
        Assert.Throws<ArgumentException>(() => new ObservationAttacker(GradientSign.Fgsm(0.1), [], Pair, RandomStream.FromSeed(1)));
        GradientSign bytes = GradientSign.Fgsm(0.1) with { Precision = ChannelPrecision.UInt8 };
        StreamInfo wide = Pair with { Minimum = float.NegativeInfinity };
        Assert.Throws<ArgumentException>(() => new ObservationAttacker(bytes, [Linear(wide)], wide, RandomStream.FromSeed(1)));
        Assert.Throws<ArgumentException>(() => new ObservationAttacker(GradientSign.Fgsm(0.1), [Linear(Pair with { Frames = 2 })], Pair, RandomStream.FromSeed(1)));
        ArgumentException unscored = Assert.Throws<ArgumentException>(() => new ObservationAttacker(new RandomSign { Epsilon = 0.1 }, [], Pair, RandomStream.FromSeed(1), new AttackTiming(TimingRule.LowMargin)));
        Assert.Contains("got no proxy", unscored.Message, StringComparison.Ordinal);
    }
}
