using System.Text.Json.Nodes;
using Temper.Optimization;
using Temper.Reinforcement.Agents.Defenses;

namespace Temper.Reinforcement.Agents;

/// <summary>Options of every training method.</summary>
public abstract record AgentTrainingOptions
{
    /// <summary>Seed of initial weights, episodes and actions.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Environment steps in all, summed over the environments.</summary>
    public long Steps { get; init; } = 1_000_000;

    /// <summary>Number of environments that step together (N).</summary>
    public int Environments { get; init; } = 8;

    /// <summary>Discount factor (gamma), 0 to 1.</summary>
    public float Gamma { get; init; } = 0.99f;

    /// <summary>Initial learning rate.</summary>
    public float LearningRate { get; init; } = 2.5e-4f;

    /// <summary>Whether the learning rate decays linearly to zero.</summary>
    public bool IsAnnealed { get; init; } = true;

    /// <summary>Gradients are clipped to this L2 norm.</summary>
    public float MaxGradientNorm { get; init; } = 0.5f;

    /// <summary>Rewards are multiplied by this while learning; reported returns are not.</summary>
    public float RewardScale { get; init; } = 1;

    /// <summary>
    /// Whether observations are normalized by their running mean and deviation, which are saved with the policy.
    /// </summary>
    public bool NormalizesObservations { get; init; }

    /// <summary>The network; null: the default for the environment.</summary>
    public AgentNetwork? Network { get; init; }

    /// <summary>Throws unless every option is in its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option.</exception>
    public virtual void Validate()
    {
        Require(Steps > 0, nameof(Steps), "positive");
        Require(Environments is > 0 and <= 4096, nameof(Environments), "1 to 4096");
        Require(Gamma is >= 0 and <= 1, nameof(Gamma), "0 to 1");
        Require(LearningRate is > 0 and < 1, nameof(LearningRate), "above 0 and below 1");
        Require(MaxGradientNorm > 0, nameof(MaxGradientNorm), "above 0");
        Require(float.IsFinite(RewardScale) && RewardScale != 0, nameof(RewardScale), "a finite number other than 0");
    }

    /// <summary>All options as texts: each decides the bytes of a run.</summary>
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
/// Policy gradients on fresh experience: PPO (arXiv:1707.06347), and with one unclipped pass A2C (arXiv:2205.09123).
/// </summary>
public sealed record OnPolicyOptions : AgentTrainingOptions
{
    /// <summary>Rollout length: steps of each environment between updates (T).</summary>
    public int Horizon { get; init; } = 128;

    /// <summary>Epochs over each rollout.</summary>
    public int Epochs { get; init; } = 4;

    /// <summary>Minibatches per epoch; each gets a gradient step.</summary>
    public int Minibatches { get; init; } = 4;

    /// <summary>Lambda of generalized advantage estimation, GAE (arXiv:1506.02438).</summary>
    public float Lambda { get; init; } = 0.95f;

    /// <summary>Clip range of PPO's probability ratio: it is kept within 1 ± this; null = off.</summary>
    public float? Clip { get; init; } = 0.2f;

    /// <summary>Entropy coefficient.</summary>
    public float EntropyWeight { get; init; } = 0.01f;

    /// <summary>Value-loss coefficient; the loss is half the squared error.</summary>
    public float ValueWeight { get; init; } = 0.5f;

    /// <summary>Whether advantages are normalized within each minibatch.</summary>
    public bool NormalizesAdvantages { get; init; } = true;

    /// <summary>Training against changed observations; null = off.</summary>
    public PolicyDefense? Defense { get; init; }

    /// <summary>The optimizer; its rate is replaced by <see cref="AgentTrainingOptions.LearningRate"/>.</summary>
    public Optimizer Optimizer { get; init; } = new Adam { Epsilon = 1e-5f };

    /// <summary>PPO with its default options.</summary>
    /// <param name="seed">The seed.</param>
    public static OnPolicyOptions Ppo(ulong seed) => new() { Seed = seed };

    /// <summary>A2C with its default options: five steps, one pass, no clipping.</summary>
    /// <param name="seed">The seed.</param>
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
            "1 to the number of steps of an update");
        Require(Lambda is >= 0 and <= 1, nameof(Lambda), "0 to 1");
        Require(Clip is null or > 0, nameof(Clip), "above 0");
        Require(EntropyWeight >= 0, nameof(EntropyWeight), "0 or more");
        Require(ValueWeight >= 0, nameof(ValueWeight), "0 or more");
        Defense?.Validate();
        Require(
            Defense is null || !NormalizesObservations, nameof(Defense),
            "none where observations are normalized: epsilon is in their own units");
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
