using Temper.Randomness;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Snooping.Tests;

/// <summary>Messages have decimal points in every culture.</summary>
public sealed class CultureTests
{
    private static readonly StreamInfo Wide = new(Shape.Create(2), 1, -1.5f, 2.5f, 2, "test");

    [Fact]
    public void Numbers_in_messages_are_those_of_the_invariant_culture()
    {
        using var commas = new CommaCulture();
        Assert.Equal("~0,5", $"{-0.5}");         // the culture is in effect
        RequirePoints(Recorded());
    }

    private static void RequirePoints(IStateLog log)
    {
        Contains("got -0.5,", () => Attacker(GradientSign.Fgsm(-0.5)));
        Contains("got -2 steps, momentum 1.5, step size -0.25;", () => Attacker(new GradientSign { Epsilon = 0.1, Steps = -2, Momentum = 1.5f, StepSize = -0.25 }));
        Contains("got -1 steps, 3 searches;", () => Attacker(new GuidedFrame { Epsilon = 0.1, Steps = -1 }));
        Contains("got -1.5 to 2.5)", () => Attacker(new RandomSign { Epsilon = 0.1, Precision = ChannelPrecision.UInt8 }));
        Contains("got -1.5 to 2.5)", () => new FuturePredictor().Train(log, new ProxyOptions { Seed = 1 }));
        Contains("LearningRate is out of range (got -0.5,", () => new FuturePredictor().Train(log, new ProxyOptions { Seed = 1, LearningRate = -0.5f }));
        Contains("got -3, expected 1 or more", () => new SnoopRecorder(Wide, ThreatModel.S, -3));
    }

    private static ObservationAttacker Attacker(ObservationAttack attack) => new(attack, [], Wide, RandomStream.FromSeed(1));

    private static IStateLog Recorded()
    {
        SnoopRecorder<IStateLog> recorder = SnoopRecorder.ForObservations(Wide, 1);
        recorder.Observe([0, 0], isFirst: true);
        recorder.Act(0, 0);
        return recorder.ToLog();
    }

    private static void Contains(string text, Func<object> act) =>
        Assert.Contains(text, Assert.Throws<ArgumentException>(act).Message, StringComparison.Ordinal);
}
