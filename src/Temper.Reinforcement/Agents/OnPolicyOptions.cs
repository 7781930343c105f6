using System.Text.Json.Nodes;
using Temper.Optimization;
using Temper.Reinforcement.Agents.Defenses;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>Options common to all training methods.</summary>
public abstract record AgentTrainingOptions
{
    /// <summary>Seed of the initial weights, episodes and actions.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Total number of environment steps, summed over all environments.</summary>
    public long Steps { get; init; } = 1_000_000;

    /// <summary>
    /// Number of environments stepped in lockstep (N), 1 to 4096. The network runs on all of them as one batch.
    /// </summary>
    public int Environments { get; init; } = 8;

    /// <summary>Discount factor (gamma), 0 to 1.</summary>
    public float Gamma { get; init; } = 0.99f;

    /// <summary>Initial learning rate, above 0 and below 1.</summary>
    public float LearningRate { get; init; } = 2.5e-4f;

    /// <summary>True: the learning rate decays linearly to zero; false: it is constant.</summary>
    public bool IsAnnealed { get; init; } = true;

    /// <summary>Gradients are clipped to this L2 norm; above 0.</summary>
    public float MaxGradientNorm { get; init; } = 0.5f;

    /// <summary>Factor on rewards during training; reported returns are not scaled.</summary>
    public float RewardScale { get; init; } = 1;

    /// <summary>
    /// True: observations are normalized by their running mean and standard deviation, which are saved with the policy.
    /// </summary>
    public bool NormalizesObservations { get; init; }

    /// <summary>Architecture of the network; null: the default for the environment.</summary>
    public AgentNetwork? Network { get; init; }

    /// <summary>Validates the options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the message names it.</exception>
    public virtual void Validate()
    {
        Require(Steps > 0, nameof(Steps), "positive");
        Require(Environments is > 0 and <= 4096, nameof(Environments), "1 to 4096");
        Require(Gamma is >= 0 and <= 1, nameof(Gamma), "0 to 1");
        Require(LearningRate is > 0 and < 1, nameof(LearningRate), "above 0 and below 1");
        Require(MaxGradientNorm > 0, nameof(MaxGradientNorm), "above 0");
        Require(float.IsFinite(RewardScale) && RewardScale != 0, nameof(RewardScale), "a finite number other than 0");
    }

    /// <summary>Validates the options for an environment.</summary>
    /// <exception cref="ArgumentException">The method or an option does not suit the environment.</exception>
    internal virtual void ValidateFor(EnvironmentSpec spec)
    {
        if (NormalizesObservations && spec.ObservationShape.Rank != 1)
        {
            throw new ArgumentException("agent training: only vector observations can be normalized (got "
                + $"{spec.ObservationShape} of {spec.Name})");
        }
    }

    /// <summary>Returns all options that affect the results; part of the checkpoint's identity.</summary>
    internal abstract JsonObject Fingerprint();

    private protected static void Require(bool holds, string option, string expected)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(
                option, $"agent training: {option} is out of range (expected {expected})");
        }
    }

    private protected JsonObject Common() => new()
    {
        ["seed"] = Seed.ToString(System.Globalization.CultureInfo.InvariantCulture), ["steps"] = Steps,
        ["environments"] = Environments,
        ["gamma"] = Gamma, ["rate"] = LearningRate,
        ["annealed"] = IsAnnealed, ["norm"] = MaxGradientNorm, ["rewardScale"] = RewardScale,
        ["normalizes"] = NormalizesObservations,
        ["network"] = Network?.Describe(),
    };
}

/// <summary>
/// Options of on-policy policy gradients: PPO (arXiv:1707.06347), or A2C, which is PPO with one epoch and no clipping
/// (arXiv:2205.09123).
/// </summary>
public sealed record OnPolicyOptions : AgentTrainingOptions
{
    /// <summary>Rollout length (T): steps per environment between updates.</summary>
    public int Horizon { get; init; } = 128;

    /// <summary>Number of epochs over each rollout.</summary>
    public int Epochs { get; init; } = 4;

    /// <summary>Minibatches per epoch; one gradient step each.</summary>
    public int Minibatches { get; init; } = 4;

    /// <summary>Lambda of generalized advantage estimation (GAE, arXiv:1506.02438), 0 to 1.</summary>
    public float Lambda { get; init; } = 0.95f;

    /// <summary>
    /// Clip range of PPO's probability ratio: the ratio is clipped to 1 - <c>Clip</c> to 1 + <c>Clip</c>; null: no
    /// clipping.
    /// </summary>
    public float? Clip { get; init; } = 0.2f;

    /// <summary>Weight of the entropy bonus in the loss, 0 or more.</summary>
    public float EntropyWeight { get; init; } = 0.01f;

    /// <summary>Weight of the value loss, which is half the squared error; 0 or more.</summary>
    public float ValueWeight { get; init; } = 0.5f;

    /// <summary>True: advantages are normalized within each minibatch.</summary>
    public bool NormalizesAdvantages { get; init; } = true;

    /// <summary>Adversarial training against perturbed observations; null: none.</summary>
    public PolicyDefense? Defense { get; init; }

    /// <summary>
    /// The optimizer; its learning rate is replaced by <see cref="AgentTrainingOptions.LearningRate"/>.
    /// </summary>
    public Optimizer Optimizer { get; init; } = new Adam { Epsilon = 1e-5f };

    /// <summary>Creates the default options of PPO.</summary>
    /// <param name="seed">Seed of the training.</param>
    public static OnPolicyOptions Ppo(ulong seed) => new() { Seed = seed };

    /// <summary>Creates the default options of A2C: horizon 5, one epoch, no clipping.</summary>
    /// <param name="seed">Seed of the training.</param>
    public static OnPolicyOptions A2c(ulong seed) => new()
    {
        Seed = seed, Environments = 16, Horizon = 5, Epochs = 1, Minibatches = 1, Lambda = 1, Clip = null,
        LearningRate = 7e-4f, NormalizesAdvantages = false,
        Optimizer = new RmsProp { Epsilon = 1e-5f },
    };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(Horizon > 0, nameof(Horizon), "positive");
        Require(Epochs > 0, nameof(Epochs), "positive");
        Require(
            Minibatches > 0 && Minibatches <= (long)Horizon * Environments, nameof(Minibatches),
            "1 to Horizon * Environments");
        Require(
            !NormalizesAdvantages || (long)Horizon * Environments / Minibatches >= 2, nameof(Minibatches),
            "at most Horizon * Environments / 2, because normalized advantages need 2 samples per minibatch");
        Require(Lambda is >= 0 and <= 1, nameof(Lambda), "0 to 1");
        Require(Clip is null or > 0, nameof(Clip), "above 0");
        Require(EntropyWeight >= 0, nameof(EntropyWeight), "0 or more");
        Require(ValueWeight >= 0, nameof(ValueWeight), "0 or more");
        Defense?.Validate();
        if (Defense is not null && NormalizesObservations)
        {
            throw new ArgumentException($"agent training: the defense {Defense.Name} cannot be used with normalized "
                + "observations, because its epsilon is in units of the raw observations; leave the defense out, or "
                + $"set {nameof(NormalizesObservations)} to false");
        }
    }

    internal override void ValidateFor(EnvironmentSpec spec)
    {
        base.ValidateFor(spec);
        if (Defense is not null && !spec.Actions.IsDiscrete)
        {
            throw new ArgumentException($"agent training: the defense {Defense.Name} needs discrete actions (got "
                + $"continuous actions in {spec.Name})");
        }
    }

    internal override JsonObject Fingerprint()
    {
        JsonObject all = Common();
        (all["horizon"], all["epochs"], all["minibatches"], all["lambda"]) = (Horizon, Epochs, Minibatches, Lambda);
        (all["clip"], all["entropy"], all["value"], all["advantages"]) =
            (Clip, EntropyWeight, ValueWeight, NormalizesAdvantages);
        if (Defense is not null)
        {
            all["defense"] = Defense.Describe();
        }

        return all;
    }
}
