using System.Numerics;
using System.Reflection;
using Temper.Growth.Limits;
using Temper.Growth.Policies;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Growth.Tests.Policies;

/// <summary>
/// Compares the loop's decisions with a plain implementation of the published loop, and the paired test with its closed
/// form.
/// </summary>
public sealed class PolicyTests
{
    private const double Tau = 0.0005;

    /// <summary>
    /// K, J, number of stages, and the epoch after which the scripted accuracy stops rising. J is smaller than, equal
    /// to and larger than the number of available epochs.
    /// </summary>
    public static TheoryData<int, int, int, int> Loops => new()
    {
        { 1, 1, 3, 5 }, { 3, 12, 3, 20 }, { 3, 12, 1, 20 }, { 2, 100, 4, 10 }, { 5, 5, 3, 30 }, { 5, 5, 2, 0 }, { 3, 7, 3, 0 }, { 1, 40, 2, 3 },
    };

    [Theory]
    [MemberData(nameof(Loops))]
    public void Scripted_accuracy_gives_the_depths_of_the_published_loop(int interval, int window, int stages, int rising)
    {
        double Accuracy(int epoch) => 0.3 + (0.01 * Math.Min(epoch, rising)) - (epoch % 2 * 0.004);
        Assert.Equal(Published(interval, window, stages, Accuracy), Ours(interval, window, stages, Accuracy));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Noisy_accuracy_gives_the_depths_of_the_published_loop(ulong seed)
    {
        float[] noise = Samples.Uniform(1000, seed);
        double Accuracy(int epoch) => 0.9 - (0.5 / (1 + epoch)) + (0.02 * noise[epoch]);
        Assert.Equal(Published(2, 9, 3, Accuracy), Ours(2, 9, 3, Accuracy));
        Assert.Equal(Published(6, 6, 3, Accuracy), Ours(6, 6, 3, Accuracy));       // c-AutoGrow
    }

    /// <summary>5 of 10,000 samples are 0.05 percentage points, but 0.8905 - 0.89 is 0.0004999999999999449.</summary>
    [Theory]
    [InlineData(8905, true)]
    [InlineData(8904, false)]
    public void A_gain_of_exactly_tau_counts(int right, bool expected)
    {
        var track = new GrowthTrack { Best = [0.89, right / 10_000.0], GainEpoch = 0 };
        var policy = new AccuracyGain { Window = 1, MinimumGain = Tau };
        Assert.Equal((expected, expected), (policy.HasGained(track), policy.IsGain(track, answers: null)));
    }

    /// <summary>Section 1.2 of the method's description, line by line, without any type of the library.</summary>
    private static int[] Published(int interval, int window, int stages, Func<int, double> accuracy)
    {
        int[] depths = [.. Enumerable.Repeat(1, stages)];
        bool[] live = [.. Enumerable.Repeat(true, stages)];
        var best = new List<double>();
        int g = 0, grown = -1;
        while (true)
        {
            for (int k = 0; k < interval; k++)
            {
                double now = accuracy(best.Count);
                best.Add(best.Count == 0 || now > best[^1] ? now : best[^1]);
            }

            int last = best.Count - 1;
            double d = last - window < 0 ? best[last] : best[last] - best[last - window];
            if (d < Tau && grown != -1)
            {
                live[grown] = false;
            }

            if (!live.Contains(true))
            {
                return depths;
            }

            while (!live[g])
            {
                g = (g + 1) % stages;
            }

            depths[g]++;
            grown = g;
            g = (g + 1) % stages;
        }
    }

    private static int[] Ours(int interval, int window, int stages, Func<int, double> accuracy)
    {
        var policy = new AccuracyGain { Window = window, MinimumGain = Tau };
        GrowthTrack track = GrowthTrack.Begin(Enumerable.Repeat(1L, stages));
        int[] depths = [.. Enumerable.Repeat(1, stages)];
        while (track.Live.Count > 0)
        {
            track.AddEpoch(accuracy(track.Best.Count));
            if (track.Since < interval)
            {
                continue;
            }

            track.EndInterval(policy.HasGained(track));
            if (track.Live.Count > 0)
            {
                int stage = new RoundRobin().Next(track, RandomStream.FromSeed(0));
                depths[stage]++;
                track.Grew(stage);
            }
        }

        return depths;
    }

    [Fact]
    public void Converged_growth_has_equal_interval_and_window()
    {
        GrowthOptions options = new GrowthOptions().Converged(50);
        Assert.Equal((50, 50), (options.Interval, options.Stopping.Window));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5, 0)]
    [InlineData(12, 5)]
    [InlineData(5, 12)]
    [InlineData(300, 260)]
    [InlineData(2000, 1900)]
    public void Paired_test_is_the_exact_binomial_tail(int gained, int lost)
    {
        Assert.Equal(Tail(gained, gained + lost), new PairedCounts(gained, lost).BetterByChance, 1e-9);
        Assert.Equal(Tail(lost, gained + lost), new PairedCounts(gained, lost).WorseByChance, 1e-9);
    }

    [Fact]
    public void Paired_counts_are_of_samples_that_differ()
    {
        Assert.Equal(new PairedCounts(2, 1), PairedCounts.Of([true, false, false, true, true], [true, true, true, false, true]));
        Assert.Throws<ArgumentException>(() => PairedCounts.Of([true], [true, false]));
    }

    [Fact]
    public void Benefit_takes_untried_stages_first_then_the_most_accuracy_for_a_mac()
    {
        GrowthTrack track = GrowthTrack.Begin([100, 10, 50]);
        var policy = new BenefitPerMac();
        RandomStream stream = RandomStream.FromSeed(0);
        Assert.Equal(0, policy.Next(track, stream));
        track.Gains = [0.05, double.NaN, double.NaN];
        Assert.Equal(1, policy.Next(track, stream));
        track.Gains = [0.05, 0.01, 0.001];
        Assert.Equal(1, policy.Next(track, stream));      // 0.001 per MAC, against 0.0005 and 0.00002
        track.Stop(1);
        Assert.Equal(0, policy.Next(track, stream));
        Assert.Contains(new RandomStage().Next(track, stream), track.Live);
    }

    [Fact]
    public void Policies_can_read_the_track_but_not_change_it() => Assert.All(typeof(GrowthTrack).GetProperties(), property =>
    {
        Assert.False(property.SetMethod is { IsPublic: true }, property.Name);
        Assert.False(property.PropertyType.IsAssignableTo(typeof(System.Collections.IList)), property.Name);
    });

    [Theory]
    [InlineData(typeof(StoppingPolicy))]
    [InlineData(typeof(GrowingPolicy))]
    public void Policies_can_be_written_outside_the_library(Type policy) => Assert.DoesNotContain(
        policy.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic),
        method => method is { IsAbstract: true, IsPublic: false, IsFamily: false });

    /// <summary>P(X >= least) for a binomial X with probability 1/2, in integer arithmetic.</summary>
    private static double Tail(int least, int tries)
    {
        BigInteger term = BigInteger.One, sum = BigInteger.Zero;
        for (int k = 0; k <= tries; k++)
        {
            sum += k >= least ? term : 0;
            term = term * (tries - k) / (k + 1);
        }

        BigInteger all = BigInteger.Pow(2, tries);
        return (double)(sum * BigInteger.Pow(10, 15) / all) / 1e15;
    }

    /// <summary>Decisions by time are recorded, so a resumed run may have another time limit, but no other limit.</summary>
    [Fact]
    public void A_resumed_growth_may_have_another_time_limit()
    {
        string Fingerprint(GrowthLimits limits) => new GrowthOptions { Limits = limits }.Fingerprint().ToJsonString();
        Assert.Equal(
            Fingerprint(new GrowthLimits { Macs = 100 }), Fingerprint(new GrowthLimits { Macs = 100, Time = TimeSpan.FromHours(1) }));
        Assert.NotEqual(Fingerprint(new GrowthLimits { Macs = 100 }), Fingerprint(new GrowthLimits { Macs = 101 }));
    }
}
