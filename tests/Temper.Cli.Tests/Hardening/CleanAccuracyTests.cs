using Temper.Cli.Hardening;

namespace Temper.Cli.Tests.Hardening;

/// <summary>The bound of clean accuracy holds on held-out and on test samples; the message says where it does not.</summary>
public sealed class CleanAccuracyTests
{
    private static readonly CleanAccuracy Held = new("held_out", 0.975, 0.9625), Test = new("test", 0.95, 0.96);

    [Fact]
    public void A_loss_beyond_the_bound_is_outside()
    {
        Assert.False(Held.IsWithin(0.01));
        Assert.True(Held.IsWithin(0.0125));
        Assert.True(Test.IsWithin(0));
        Assert.True(new CleanAccuracy("test", null, null).IsWithin(0));
    }

    [Fact]
    public void The_message_names_the_samples_and_both_accuracies() => Assert.Equal(
        "harden: more than 0.5 percentage points of clean accuracy are lost on held-out samples (97.50 % before, 96.25 % after); round 2, the best one, is saved",
        CleanAccuracy.Message([Held], 0.005, "round 2, the best one,"));

    [Fact]
    public void The_result_has_both_accuracies() => Assert.Equal("""{"before":0.975,"after":0.9625}""", Held.ToJson().ToJsonString());
}
