using Temper.Cli.CommandLine;
using Temper.Cli.Snooping;
using Temper.Cli.Tests.Support;
using Temper.Networks;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Reporting.Documents;
using Temper.Snooping.Attacks;
using Temper.Snooping.Evaluation;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;

namespace Temper.Cli.Tests.Snooping;

/// <summary>Rows and pictures of a snooping report, with an untrained agent as the victim.</summary>
public sealed class SnoopingRunTests
{
    private static readonly StreamInfo Cart = new([4], 1, float.NegativeInfinity, float.PositiveInfinity, 2, "test");

    [Fact]
    public void The_episode_that_is_shown_is_the_first_one_of_its_row()
    {
        SnoopingRun run = Run();
        var attack = new UniformNoise { Epsilon = 1 };
        double first = run.Row("uniform-noise", attack, _ => [], timing: null).Returns[0][0];
        Section shown = run.Watch("Play under attack", "uniform-noise", attack, []);
        Assert.Contains($"return {first:F2} in", shown.Blocks.OfType<Paragraph>().Single().Text, StringComparison.Ordinal);
    }

    /// <summary>The network of the proxy prefers no action, so the attack finds nothing to change, which takes its time.</summary>
    [Fact]
    public void The_time_of_an_attack_counts_also_where_it_changes_nothing()
    {
        Network even = Network.Build([new InputSpec { SampleShape = [4] }], values => [("policy", values[0].Linear(2))]);
        even = even.WithParameters(even.Parameters.Select(parameter => parameter with { Value = Tensor.Zeros(parameter.Value.Shape) }));
        SnoopingRow row = Run().Row("fgsm", GradientSign.Fgsm(0.1), _ => [Of("action-imitator", ProxyGoal.Classes) with { Network = even }], timing: null);
        Assert.Equal((1, 0), (row.ChosenFrames, row.AttackedFrames));
        Assert.True(row.MillisecondsPerFrame > 0);
    }

    /// <summary>The gradients of probabilities vanish where the agent is sure, so that it would seem robust.</summary>
    [Fact]
    public void A_victim_that_ends_with_Softmax_is_attacked_by_its_logits()
    {
        Network agent = Network.Build([new InputSpec { SampleShape = [4] }], values => [("policy", values[0].Linear(2).Softmax())]);
        Proxy proxy = Run().Known(Stacking(1) with { Network = agent }, "white-box");
        Assert.DoesNotContain(proxy.Network.Nodes, node => node.Operator is Softmax);
    }

    [Fact]
    public void An_adversary_without_room_attacks_no_frame()
    {
        SnoopingRow row = Run().Adversary(epsilon: 0, steps: 256);
        Assert.Equal((0, 0), (row.ChosenFrames, row.AttackedFrames));
    }

    [Fact]
    public void An_attack_that_cannot_use_a_proxy_is_named()
    {
        Proxy heads = Of("several-heads", ProxyGoal.ClassesAndValue), rewards = Of("reward-predictor", ProxyGoal.Rewards), actions = Of("action-imitator", ProxyGoal.Classes);
        string line = Assert.Single(SnoopingRows.Skipped(["fgsm", "guided-cw"], [heads, actions]));
        Assert.StartsWith("guided-cw: no rows with several-heads", line, StringComparison.Ordinal);
        SnoopingRows.Check(["fgsm"], [heads, rewards, actions], isTimed: true);
        var error = Assert.Throws<ToolException>(() => SnoopingRows.Check(["fgsm"], [heads, rewards], isTimed: true));
        Assert.Contains("got several-heads, reward-predictor", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Value proxies have a row for each direction; the guided attack has none, and so no picture.</summary>
    [Fact]
    public void A_picture_is_drawn_only_of_an_attack_with_a_row()
    {
        var rows = new SnoopingRows(Run(), [Of("value-assessor", ProxyGoal.Value)], new OtherAgents(), _ => { });
        Assert.Equal(["Play before the attack"], rows.Pictures(0.1, ["guided-cw"]).Select(section => section.Title));
    }

    [Fact]
    public void A_file_for_other_frames_is_refused_before_any_episode()
    {
        SnoopingChecks checks = Checks();
        checks.Require("--log", Cart);
        var error = Assert.Throws<ToolException>(() => checks.Require("--detector", Cart with { FrameShape = [1, 42, 42] }));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("--detector was made for another stream format", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_for_other_stacks_is_refused_where_stacks_are_used()
    {
        SnoopingChecks checks = Checks();
        StreamInfo two = Cart with { Frames = 2 };
        checks.Require("--detector", two);
        checks.RequireStack("--proxy", Cart);
        Assert.Contains("--proxy was made for another stream format (got stacks of [8], expected [4])", Settings.Refusal(() => checks.RequireStack("--proxy", two)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_agent_that_stacks_other_frames_than_the_victims_is_refused()
    {
        SnoopingChecks checks = Checks();
        checks.RequireAgent("--transfer-agent", Stacking(1));
        Assert.Contains("--transfer-agent sees other stacks of frames than the victims (got [8], expected [4])", Settings.Refusal(() => checks.RequireAgent("--transfer-agent", Stacking(2))), StringComparison.Ordinal);
    }

    [Fact]
    public void Bounds_are_needed_only_by_an_8_bit_channel_and_the_guided_attack()
    {
        Checks().RequireBounds(["fgsm", "pgd", "mi-fgsm"]);
        Assert.Contains("(got no bounds in cartpole)", Settings.Refusal(() => Checks(ChannelPrecision.UInt8).RequireBounds(["fgsm"])), StringComparison.Ordinal);
        Assert.Contains("guided-cw needs observations with bounds", Settings.Refusal(() => Checks().RequireBounds(["fgsm", "guided-cw"])), StringComparison.Ordinal);
    }

    /// <summary>An agent of cartpole that stacks some frames.</summary>
    private static Policy Stacking(int frames) => RandomPolicy.For(EnvironmentCatalog.Create("cartpole")) with
    {
        Network = Network.Build([new InputSpec { SampleShape = [4 * frames] }], values => [("policy", values[0].Flatten().Linear(2))]),
    };

    private static Proxy Of(string task, ProxyGoal goal) =>
        new() { Network = RandomPolicy.For(EnvironmentCatalog.Create("cartpole")).Network, Task = task, Goal = goal, Stream = Cart };

    private static SnoopingRun Run() => new(Options());

    private static SnoopingChecks Checks(ChannelPrecision precision = ChannelPrecision.Float32) => new(Run(), Options(precision));

    private static SnoopingRunOptions Options(ChannelPrecision precision = ChannelPrecision.Float32)
    {
        var options = OnPolicyOptions.Ppo(1) with { Environments = 1, Network = new AgentNetwork { Hidden = [8], HasTanh = true } };
        using AgentTrainer trainer = AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), options);
        return new SnoopingRunOptions
        {
            Environment = "cartpole", EnvironmentOptions = new EnvironmentOptions(), Victims = [trainer.Snapshot()], Episodes = 3, Seed = 1, Mode = StackMode.PerFrame,
            Precision = precision, DefenseBits = 1, Time = TimeProvider.System,
        };
    }
}
