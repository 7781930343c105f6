using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Kernels;
using Temper.Networks;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Agents.Defenses;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>Contract of every training method.</summary>
public sealed class TrainerTests
{
    /// <summary>Training methods, each with an environment, small enough to train in a fraction of a second.</summary>
    private static readonly Dictionary<string, (string Environment, AgentTrainingOptions Options)> Rows = new(StringComparer.Ordinal)
    {
        ["ppo"] = ("brick-break", OnPolicyOptions.Ppo(3) with { Steps = 512, Environments = 4, Horizon = 16, Epochs = 2, Minibatches = 2, Network = Small(convolution: true) }),
        ["ppo, continuous"] = ("pendulum", OnPolicyOptions.Ppo(4) with { Steps = 512, Environments = 4, Horizon = 16, NormalizesObservations = true, Network = Small() }),
        ["ppo, frames"] = ("pixel-pong", OnPolicyOptions.Ppo(5) with { Steps = 96, Environments = 2, Horizon = 8, Epochs = 1, Network = Small(convolution: true) }),
        ["ppo, noise"] = ("brick-break", Defended(new NoiseAugmentation { Epsilon = 0.05f })),
        ["ppo, adversarial"] = ("brick-break", Defended(new AdversarialFrames { Epsilon = 0.05f })),
        ["ppo, smooth"] = ("brick-break", Defended(new SmoothPolicy { Epsilon = 0.05f, Steps = 2 })),
        ["ppo, interval"] = ("brick-break", Defended(new IntervalBounds { Epsilon = 0.05f })),
        ["a2c"] = ("cartpole", OnPolicyOptions.A2c(6) with { Steps = 640, Network = Small() }),
        ["dqn"] = ("cartpole", new DqnOptions { Seed = 7, Steps = 512, Environments = 4, LearningStarts = 64, ReplayCapacity = 200, TargetEvery = 10, Network = Small() }),
        ["dqn, all of it"] = ("brick-break", new DqnOptions
        {
            Seed = 8, Steps = 256, Environments = 4, LearningStarts = 64, ReplayCapacity = 200, TargetEvery = 10, NSteps = 3, Network = Small(convolution: true) with { IsDueling = true },
        }),
    };

    private static OnPolicyOptions Defended(PolicyDefense defense) =>
        OnPolicyOptions.Ppo(9) with { Steps = 256, Environments = 4, Horizon = 16, Epochs = 1, Minibatches = 2, Network = Small(convolution: true), Defense = defense };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Interrupted_training_ends_with_the_same_bytes(string row)
    {
        using var folder = new TemporaryFolder();
        AgentRunResult whole = Run(row, null, CancellationToken.None);
        using (var stop = new CancellationTokenSource())
        {
            AgentRunResult part = Run(row, folder["checkpoints"], stop.Token, _ => stop.Cancel());
            Assert.False(part.IsComplete);
            Assert.True(part.Curve.Count < whole.Curve.Count);
        }

        AgentRunResult rest = Run(row, folder["checkpoints"], CancellationToken.None);
        Assert.Equal(whole.Curve, rest.Curve);
        Assert.Equal(Bytes(whole.Best.Network), Bytes(rest.Best.Network));
    }

    [Theory]
    [InlineData("a2c")]
    [InlineData("dqn")]
    public void An_evaluation_that_is_interrupted_is_repeated_after_a_resume(string row)
    {
        using var folder = new TemporaryFolder();
        AgentRunResult whole = Run(row, null, CancellationToken.None);
        using (var stop = new CancellationTokenSource())
        {
            AgentRunResult part = Run(row, folder["checkpoints"], stop.Token, evaluated: inner => new StoppingEnvironment(inner, stop));
            Assert.Equal((false, whole.Curve[0].Steps), (part.IsComplete, part.Steps));
            Assert.Empty(part.Curve);
        }

        List<long> resumed = [];
        AgentRunResult rest = Run(row, folder["checkpoints"], CancellationToken.None, resumed: resumed.Add);
        Assert.Equal([whole.Curve[0].Steps], resumed);
        Assert.Equal(whole.Curve, rest.Curve);
        Assert.Equal(Bytes(whole.Best.Network), Bytes(rest.Best.Network));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Threads_change_no_byte(string row)
    {
        AgentRunResult one = With(1), three = With(3);
        Assert.Equal(one.Curve, three.Curve);
        Assert.Equal(Bytes(one.Best.Network), Bytes(three.Best.Network));

        AgentRunResult With(int threads)
        {
            using var pool = new WorkerPool(threads);
            using WorkerPool.Usage usage = pool.Use();
            return Run(row, null, CancellationToken.None);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Policies_come_back_from_their_file(string row)
    {
        using var folder = new TemporaryFolder();
        Policy policy = Run(row, null, CancellationToken.None).Best;
        PolicyFile.Save(policy, folder["agent.safetensors"]);
        Policy loaded = PolicyFile.Load(folder["agent.safetensors"]);
        Assert.Equal((policy.Head, policy.Environment, policy.Source, policy.Options), (loaded.Head, loaded.Environment, loaded.Source, loaded.Options));
        var play = new PlayOptions { Episodes = 3, Seed = 2 };
        string name = Rows[row].Environment;
        var limit = new EnvironmentOptions { StepLimit = 60 };
        Assert.Equal(
            EpisodePlayer.Play(policy, () => policy.CreateEnvironment(name, limit), play), EpisodePlayer.Play(loaded, () => loaded.CreateEnvironment(name, limit), play));
        string other = name is "cartpole" ? "acrobot" : "cartpole";
        Assert.Contains("another environment", Assert.Throws<ArgumentException>(
            () => EpisodePlayer.Play(loaded, () => EnvironmentCatalog.Create(other), play)).Message, StringComparison.Ordinal);
    }

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
        var options = OnPolicyOptions.Ppo(5) with { Environments = 2, Horizon = 4, Network = Small(convolution: true) };
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

    [Fact]
    public void A_reward_that_is_not_finite_is_refused_and_the_checkpoint_stays()
    {
        using var folder = new TemporaryFolder();
        AgentTrainingOptions options = Rows["a2c"].Options;
        using var trainer = AgentPresets.Trainer(() => new BrokenEnvironment(BreakAt: 30, isThrown: false), options);
        var error = Assert.Throws<InvalidDataException>(() => AgentRun.Run(
            trainer, () => new BrokenEnvironment(int.MaxValue, isThrown: false), new AgentRunOptions { Checkpoints = folder["c"], EvaluateEvery = 80, EvaluationEpisodes = 1 }));
        Assert.Contains("not finite", error.Message, StringComparison.Ordinal);
        using var again = AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false), options);
        again.Resume(folder["c"]);
        Assert.True(again.Steps > 0);
    }

    [Fact]
    public void An_observation_that_is_not_finite_is_refused_at_the_reset_and_at_a_step()
    {
        AgentTrainingOptions options = Rows["a2c"].Options;
        Assert.Contains("got NaN at index 0 after 0 steps", Assert.Throws<InvalidDataException>(
            () => AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false) { Drift = float.NaN }, options)).Message, StringComparison.Ordinal);
        using var trainer = AgentPresets.Trainer(() => new BrokenEnvironment(BreakAt: 7, isThrown: false) { Broken = float.PositiveInfinity }, options);
        Assert.Contains("got Infinity at index 3 after 7 steps", Assert.Throws<InvalidDataException>(() =>
        {
            trainer.Update();
            trainer.Update();
        }).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a2c")]
    [InlineData("dqn")]
    public void Observations_without_an_axis_are_refused_when_the_trainer_is_created(string row)
    {
        var spec = new EnvironmentSpec { Name = "broken", ObservationShape = [], Actions = ActionSpace.Discrete(2) };
        Assert.Contains("got shape [], expected [D]", Assert.Throws<ArgumentException>(
            () => AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false) { Spec = spec }, Rows[row].Options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_environment_that_throws_is_told_as_it_is()
    {
        AgentTrainingOptions options = Rows["a2c"].Options;
        using var trainer = AgentPresets.Trainer(() => new BrokenEnvironment(BreakAt: 7, isThrown: true), options);
        Assert.Contains("the simulator is gone", Assert.Throws<IOException>(() =>
        {
            trainer.Update();
            trainer.Update();
        }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_environment_that_does_not_repeat_itself_is_found_out()
    {
        using var folder = new TemporaryFolder();
        AgentTrainingOptions options = Rows["a2c"].Options;
        int made = 0;
        using var trainer = AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false) { Drift = made++ }, options);
        trainer.Update();
        trainer.Save(folder["c"]);
        using var again = AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false) { Drift = made++ }, options);
        Assert.Contains("cannot be resumed", Assert.Throws<InvalidDataException>(() => again.Resume(folder["c"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_of_other_options_is_refused()
    {
        using var folder = new TemporaryFolder();
        var options = (OnPolicyOptions)Rows["a2c"].Options;
        using var trainer = AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), options);
        trainer.Update();
        trainer.Save(folder["c"]);
        using var again = AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), options with { Gamma = 0.5f });
        Assert.Contains("options", Assert.Throws<ModelFormatException>(() => again.Resume(folder["c"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cartpole", "step limit (got 40, expected 60)")]
    [InlineData("pixel-pong", "frame skip (got 2, expected 1)")]
    [InlineData("alien-rows", "sticky (got 0.3, expected 0.1)")]
    [InlineData("alien-rows", "actions (got none,left,up,right,down,fire, expected none,left,right,fire)")]
    [InlineData("pixel-alien-rows", "sticky (got 0.3, expected 0.1)")]
    public void A_checkpoint_of_an_environment_with_other_settings_is_refused(string name, string difference)
    {
        using var folder = new TemporaryFolder();
        var settings = new EnvironmentOptions { StepLimit = 60 };
        EnvironmentOptions changed = difference[..3] switch
        {
            "ste" => settings with { StepLimit = 40 },
            "fra" => settings with { FrameSkip = 2 },
            "sti" => settings with { Sticky = 0.3f },
            _ => settings with { HasAllActions = true },
        };
        OnPolicyOptions options = OnPolicyOptions.A2c(6) with { Environments = 2, Network = Small(convolution: name is not "cartpole") };
        using var trainer = AgentPresets.Trainer(() => EnvironmentCatalog.Create(name, settings), options);
        trainer.Update();
        trainer.Save(folder["c"]);
        using var again = AgentPresets.Trainer(() => EnvironmentCatalog.Create(name, changed), options);
        string message = Assert.Throws<ModelFormatException>(() => again.Resume(folder["c"])).Message;
        Assert.Contains($"started: {difference}; resume", message, StringComparison.Ordinal);
        using var same = AgentPresets.Trainer(() => EnvironmentCatalog.Create(name, settings), options);
        same.Resume(folder["c"]);
        Assert.Equal(trainer.Steps, same.Steps);
    }

    [Fact]
    public void A_checkpoint_without_settings_is_refused_as_an_older_one()
    {
        using var folder = new TemporaryFolder();
        AgentTrainingOptions options = Rows["a2c"].Options;
        using var trainer = AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), options);
        trainer.Update();
        trainer.Save(folder["c"]);
        string path = Directory.GetFiles(folder["c"], "state.json", SearchOption.AllDirectories).Single();
        JsonObject state = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        Assert.True(state["method"]!.AsObject().Remove("settings"));
        File.WriteAllText(path, state.ToJsonString());
        Assert.Contains("older version", Assert.Throws<ModelFormatException>(() => trainer.Resume(folder["c"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), OnPolicyOptions.Ppo(1) with { Gamma = 2 }));
        Assert.Throws<ArgumentException>(() => AgentPresets.Trainer(() => EnvironmentCatalog.Create("pendulum"), new DqnOptions { Seed = 1 }));
        Assert.Throws<ArgumentException>(() => AgentPresets.For("sac", EnvironmentCatalog.Create("cartpole").Spec, 1));
    }

    [LongFact]
    public void Ppo_holds_the_pole_for_every_seed()
    {
        for (ulong seed = 1; seed <= 5; seed++)
        {
            Func<IEnvironment> create = () => EnvironmentCatalog.Create("cartpole");
            AgentTrainingOptions options = AgentPresets.For("ppo", create().Spec, seed);
            using AgentTrainer trainer = AgentPresets.Trainer(create, options);
            Policy best = AgentRun.Run(trainer, create, new AgentRunOptions()).Best;
            double mean = EpisodePlayer.Play(best, create, new PlayOptions { Episodes = 50, Seed = 99 }).Average(episode => episode.Return);
            Assert.True(mean >= 475, $"seed {seed}: {mean}");
        }
    }

    private static AgentNetwork Small(bool convolution = false) => new() { Convolutions = convolution ? [2] : [], Hidden = [8], IsShared = convolution };

    private static AgentRunResult Run(
        string row, string? checkpoints, CancellationToken cancel, Action<CurvePoint>? progress = null, Func<IEnvironment, IEnvironment>? evaluated = null,
        Action<long>? resumed = null)
    {
        (string name, AgentTrainingOptions options) = Rows[row];
        Func<IEnvironment> create = () => EnvironmentCatalog.Create(name, new EnvironmentOptions { StepLimit = 60 });
        using AgentTrainer trainer = AgentPresets.Trainer(create, options);
        return AgentRun.Run(trainer, () => evaluated is null ? create() : evaluated(create()), new AgentRunOptions
        {
            Checkpoints = checkpoints, EvaluationEpisodes = 2, EvaluateEvery = options.Steps / 4, Cancel = cancel, Progress = (point, _) => progress?.Invoke(point), Resumed = resumed,
        });
    }

    private static float[] Bytes(Network network) => [.. network.Parameters.SelectMany(parameter => parameter.Value.ToArray<float>())];

    /// <summary>Interrupts the run at its first step.</summary>
    private sealed class StoppingEnvironment(IEnvironment inner, CancellationTokenSource stop) : IEnvironment
    {
        public EnvironmentSpec Spec => inner.Spec;

        public void Reset(ulong seed, Span<float> observation) => inner.Reset(seed, observation);

        public StepOutcome Step(AgentAction action, Span<float> observation)
        {
            stop.Cancel();
            return inner.Step(action, observation);
        }
    }

    /// <summary>
    /// Counts its steps; from step <c>BreakAt</c> on it throws, or returns <c>Broken</c> in the observation, or a NaN
    /// reward.
    /// </summary>
    private sealed class BrokenEnvironment(int BreakAt, bool isThrown) : IEnvironment
    {
        private int _steps;

        internal float Drift { get; init; }

        internal float? Broken { get; init; }

        public EnvironmentSpec Spec { get; init; } = new() { Name = "broken", ObservationShape = Shape.Create([4]), Actions = ActionSpace.Discrete(2), StepLimit = 20 };

        public void Reset(ulong seed, Span<float> observation) => observation.Fill(Drift);

        public StepOutcome Step(AgentAction action, Span<float> observation)
        {
            observation.Fill(Drift + action.Index);
            bool isBroken = ++_steps >= BreakAt;
            if (isBroken && Broken is { } value)
            {
                observation[^1] = value;
                return new StepOutcome(1, IsTerminated: false);
            }

            return isBroken && isThrown ? throw new IOException("the simulator is gone") : new StepOutcome(isBroken ? float.NaN : 1, IsTerminated: false);
        }
    }
}
