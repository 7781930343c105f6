using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Default training options by environment. Those of the classic control tasks follow the RL Zoo of Stable-Baselines3.
/// </summary>
public static class AgentPresets
{
    /// <summary>Names of the training methods.</summary>
    public static IReadOnlyList<string> Methods { get; } = ["ppo", "a2c", "dqn"];

    /// <summary>Returns the default options of a method for an environment.</summary>
    /// <param name="method">One of <see cref="Methods"/>.</param>
    /// <param name="spec">The environment's specification.</param>
    /// <param name="seed">Seed of the training.</param>
    /// <exception cref="ArgumentException">The method is unknown.</exception>
    public static AgentTrainingOptions For(string method, EnvironmentSpec spec, ulong seed) => method switch
    {
        "ppo" => Ppo(spec, OnPolicyOptions.Ppo(seed)),
        "a2c" => OnPolicyOptions.A2c(seed) with { Steps = spec.ObservationShape.Rank > 1 ? 5_000_000 : 500_000 },
        "dqn" => Dqn(spec, new DqnOptions { Seed = seed }),
        _ => throw new ArgumentException(
            $"agent: unknown method (got '{method}', expected one of {string.Join(", ", Methods)})", nameof(method)),
    };

    /// <summary>
    /// Returns the default frame skip for training, the number of game steps that each action lasts: 4 in pixel-pong,
    /// as usual for Atari games, and 1 in other environments.
    /// </summary>
    /// <param name="environment">Name of the environment.</param>
    public static int FrameSkipFor(string environment) =>
        string.Equals(environment, "pixel-pong", StringComparison.Ordinal) ? 4 : 1;

    /// <summary>Creates the trainer for the given options.</summary>
    /// <param name="create">
    /// Creates an environment; called once for each. The environments are disposed with the trainer.
    /// </param>
    /// <param name="options">Training options; their type selects the method.</param>
    /// <exception cref="ArgumentException">An option or the environment does not fit the method.</exception>
    /// <exception cref="InvalidDataException">The first observation is not finite.</exception>
    public static AgentTrainer Trainer(Func<IEnvironment> create, AgentTrainingOptions options) => options switch
    {
        OnPolicyOptions gradients => new OnPolicyTrainer(create, gradients),
        DqnOptions values => new DqnTrainer(create, values),
        _ => throw new ArgumentException($"agent: no trainer for {options.GetType().Name}", nameof(options)),
    };

    private static OnPolicyOptions Ppo(EnvironmentSpec spec, OnPolicyOptions ppo) => spec switch
    {
        { Name: "cartpole" } => ppo with
        {
            Steps = 150_000, Environments = 8, Horizon = 32, Epochs = 20, Minibatches = 1, Gamma = 0.98f, Lambda = 0.8f,
            EntropyWeight = 0, LearningRate = 1e-3f,
        },
        { Name: "acrobot" or "mountain-car" } => ppo with
        {
            Steps = 1_000_000, Environments = 16, Horizon = 16, Epochs = 4, Minibatches = 4, Lambda = 0.98f,
            EntropyWeight = 0, LearningRate = 3e-4f,
            NormalizesObservations = true,
            IsAnnealed = false,
        },
        { Actions.IsDiscrete: false } => ppo with
        {
            Steps = 200_000, Environments = 4, Horizon = 1024, Epochs = 10, Minibatches = 64, Gamma = 0.9f,
            EntropyWeight = 0, LearningRate = 1e-3f,
            RewardScale = 0.1f,
            NormalizesObservations = true,
        },
        { ObservationShape.Rank: > 1 } when spec.ObservationShape[1] > 20 => ppo with
        {
            Steps = 2_000_000, Environments = 16, Horizon = 128, Epochs = 4, Minibatches = 8, LearningRate = 1e-3f,
            Clip = 0.1f,
        },
        { ObservationShape.Rank: > 1 } => ppo with
        {
            Steps = 3_000_000, Environments = 64, Horizon = 128, Epochs = 4, Minibatches = 8, LearningRate = 1e-3f,
            Gamma = 0.99f,
        },
        _ => ppo with { Steps = 500_000 },
    };

    private static DqnOptions Dqn(EnvironmentSpec spec, DqnOptions dqn) => spec.ObservationShape.Rank > 1
        ? dqn with { Steps = 1_500_000, Environments = 8, MaxGradientNorm = 10, IsAnnealed = false }
        : dqn with
        {
            Steps = 100_000, Environments = 4, ReplayCapacity = 50_000, Batch = 64, LearningStarts = 1_000,
            TrainEvery = 4, TargetEvery = 100, EpsilonSteps = 16_000,
            FinalEpsilon = 0.04f, LearningRate = 1e-3f, MaxGradientNorm = 10, IsAnnealed = false,
        };
}
