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
    internal static readonly Dictionary<string, (string Environment, AgentTrainingOptions Options)> Rows = new(StringComparer.Ordinal)
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
    [MemberData(nameof(Names))]
    public void A_training_stopped_before_its_first_update_ends_with_the_same_bytes(string row)
    {
        using var folder = new TemporaryFolder();
        AgentRunResult whole = Run(row, null, CancellationToken.None);
        using (var stop = new CancellationTokenSource())
        {
            stop.Cancel();
            AgentRunResult none = Run(row, folder["checkpoints"], stop.Token);
            Assert.Equal((0L, false), (none.Steps, none.IsComplete));
        }

        AgentRunResult rest = Run(row, folder["checkpoints"], CancellationToken.None);
        Assert.Equal(whole.Curve, rest.Curve);
        Assert.Equal(Bytes(whole.Best.Network), Bytes(rest.Best.Network));
    }

    [Fact]
    public void Checkpoints_in_use_are_refused()
    {
        using var folder = new TemporaryFolder();
        int refused = 0;
        AgentRunResult result = Run("a2c", folder["checkpoints"], CancellationToken.None, _ =>
        {
            IOException error = Assert.Throws<IOException>(() => Run("a2c", folder["checkpoints"], CancellationToken.None));
            refused += error.Message.Contains("in use by another training", StringComparison.Ordinal) ? 1 : 0;
        });
        Assert.Equal(result.Curve.Count, refused);
        Assert.True(Run("a2c", folder["checkpoints"], CancellationToken.None).IsComplete);
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

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), OnPolicyOptions.Ppo(1) with { Gamma = 2 }));
        Assert.Throws<ArgumentException>(() => AgentPresets.Trainer(() => EnvironmentCatalog.Create("pendulum"), new DqnOptions { Seed = 1 }));
        OnPolicyOptions single = OnPolicyOptions.Ppo(1) with { Environments = 1, Horizon = 4 };
        Assert.Contains("2 samples per minibatch", Assert.Throws<ArgumentOutOfRangeException>(
            () => AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), single)).Message, StringComparison.Ordinal);
        (single with { NormalizesAdvantages = false }).Validate();
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

    internal static AgentNetwork Small(bool convolution = false) => new() { Convolutions = convolution ? [2] : [], Hidden = [8], IsShared = convolution };

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
}
