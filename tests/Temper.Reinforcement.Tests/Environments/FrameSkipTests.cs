using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Tests.Environments;

public sealed class FrameSkipTests
{
    /// <summary>
    /// A step with a frame skip of three equals three steps with the same action: rewards are summed and the last
    /// observation is returned.
    /// </summary>
    [Theory]
    [InlineData("pixel-pong")]
    [InlineData("cartpole")]
    public void An_action_lasts_several_steps(string name)
    {
        IEnvironment each = EnvironmentCatalog.Create(name);
        IEnvironment skipping = EnvironmentCatalog.Create(name, new EnvironmentOptions { FrameSkip = 3 });
        Assert.Equal(3, skipping.Spec.FrameSkip);
        float[] expected = new float[each.Spec.ObservationShape.Count], found = new float[expected.Length];
        each.Reset(5, expected);
        skipping.Reset(5, found);
        for (int step = 0; step < 200; step++)
        {
            float reward = 0;
            StepOutcome outcome = default;
            for (int i = 0; i < 3 && !outcome.IsOver; i++)
            {
                outcome = each.Step(step % each.Spec.Actions.Count, expected);
                reward += outcome.Reward;
            }

            Assert.Equal(outcome with { Reward = reward }, skipping.Step(step % each.Spec.Actions.Count, found));
            Assert.Equal(expected, found);
            if (outcome.IsOver)
            {
                return;
            }
        }
    }

    [Fact]
    public void An_agent_keeps_the_skip_it_was_trained_with()
    {
        var options = new EnvironmentOptions { FrameSkip = 4 };
        Policy policy = RandomPolicy.For(EnvironmentCatalog.Create("pixel-pong", options)) with { Options = options };
        Policy read = PolicyFile.FromNetwork(PolicyFile.WithMetadata(policy), "agent");
        Assert.Equal(4, read.CreateEnvironment("pixel-pong").Spec.FrameSkip);
        Assert.Equal(1, read.CreateEnvironment("pixel-pong", new EnvironmentOptions { FrameSkip = 1 }).Spec.FrameSkip);
    }

    [Fact]
    public void Grid_games_and_less_than_one_step_are_refused()
    {
        Assert.Contains("does not support frame skip (got 2", Assert.Throws<ArgumentException>(
            () => EnvironmentCatalog.Create("brick-break", new EnvironmentOptions { FrameSkip = 2 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => EnvironmentCatalog.Create("cartpole", new EnvironmentOptions { FrameSkip = 0 }));
    }
}
