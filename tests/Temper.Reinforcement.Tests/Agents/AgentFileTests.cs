using Temper.Formats;
using Temper.Kernels;
using Temper.Networks;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Agents.Defenses;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>What the file of an agent stores besides its network.</summary>
public sealed class AgentFileTests
{
    /// <summary>
    /// An agent's file stores the settings of its game, also if the agent sees the game as a picture.
    /// </summary>
    [Theory]
    [InlineData("alien-rows")]
    [InlineData("pixel-alien-rows")]
    public void An_agent_keeps_stickiness_and_actions_of_its_game(string name)
    {
        using var folder = new TemporaryFolder();
        var settings = new EnvironmentOptions { Sticky = 0.25f, HasAllActions = true, StepLimit = 70 };
        var options = OnPolicyOptions.Ppo(5) with { Environments = 2, Horizon = 4, Network = TrainerTests.Small(convolution: true) };
        using var trainer = AgentPresets.Trainer(() => EnvironmentCatalog.Create(name, settings), options);
        PolicyFile.Save(trainer.Snapshot(), folder["agent.safetensors"]);
        Policy loaded = PolicyFile.Load(folder["agent.safetensors"]);
        Assert.Equal((0.25f, 70), (loaded.Options.Sticky, loaded.Options.StepLimit));
        EnvironmentSpec spec = loaded.CreateEnvironment(name).Spec;
        Assert.Equal((6, 70), (spec.Actions.Count, spec.StepLimit));
        Assert.Equal(1, loaded.FramesIn(spec));
        Assert.Throws<ArgumentException>(() => loaded.FramesIn(EnvironmentCatalog.Create(name).Spec));
    }

    [Fact]
    public void All_actions_can_be_requested_for_agents_that_choose_among_them()
    {
        var all = new EnvironmentOptions { HasAllActions = true };
        Policy six = RandomPolicy.For(EnvironmentCatalog.Create("alien-rows", all));
        Assert.Equal(6, six.CreateEnvironment("alien-rows", all).Spec.Actions.Count);
        Assert.Equal(4, six.CreateEnvironment("alien-rows").Spec.Actions.Count);
        Policy four = six with { Actions = [0, 1, 3, 5] };
        Assert.Contains("not among all six", Assert.Throws<ArgumentException>(() => four.CreateEnvironment("alien-rows", all)).Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// The network of a loaded agent carries the settings it was loaded with; those that were removed must not come
    /// back.
    /// </summary>
    [Fact]
    public void Settings_that_were_removed_stay_removed()
    {
        Policy grid = RandomPolicy.For(EnvironmentCatalog.Create("brick-break")) with
        {
            Environment = "brick-break", Options = new EnvironmentOptions { Sticky = 0.2f, StepLimit = 70, FrameSkip = 1 }, Actions = [0, 1, 3],
        };
        Policy loaded = PolicyFile.FromNetwork(PolicyFile.WithMetadata(grid), "agent");
        Assert.Equal((grid.Environment, grid.Options), (loaded.Environment, loaded.Options));
        Policy changed = loaded with { Environment = null, Options = new EnvironmentOptions { StepLimit = 80 }, Actions = null };
        Policy again = PolicyFile.FromNetwork(PolicyFile.WithMetadata(changed), "agent");
        Assert.Equal(changed.Options, again.Options);
        Assert.Null(again.Environment);
        Assert.Null(again.Actions);
    }

    [Theory]
    [InlineData("step-limit", "99999999999")]
    [InlineData("frame-skip", "99999999999")]
    [InlineData("actions", "0,99999999999")]
    public void Numbers_too_large_in_an_agent_are_refused(string key, string value)
    {
        Network network = PolicyFile.WithMetadata(RandomPolicy.For(EnvironmentCatalog.Create("cartpole")));
        var metadata = network.Metadata.ToDictionary(StringComparer.Ordinal);
        metadata[$"temper.agent.{key}"] = value;
        Assert.Contains("metadata is damaged", Assert.Throws<ModelFormatException>(
            () => PolicyFile.FromNetwork(network.WithMetadata(metadata), "agent")).Message, StringComparison.Ordinal);
    }
}
