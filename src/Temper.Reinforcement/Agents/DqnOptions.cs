using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Options of deep Q-learning (DQN) with a replay buffer. Double DQN (arXiv:1509.06461) by default; n-step returns and
/// a dueling network are optional.
/// </summary>
public sealed record DqnOptions : AgentTrainingOptions
{
    /// <summary>
    /// Capacity of the replay buffer, in transitions. Both observations of a transition are stored: as bytes if their
    /// bounds are 0 and 1 and all values are multiples of 1/255, otherwise as floats, which take four times the memory.
    /// </summary>
    public int ReplayCapacity { get; init; } = 100_000;

    /// <summary>Batch size, in transitions.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Environment steps before the first gradient step.</summary>
    public int LearningStarts { get; init; } = 5_000;

    /// <summary>Environment steps per gradient step, summed over the environments.</summary>
    public int TrainEvery { get; init; } = 4;

    /// <summary>Gradient steps between updates of the target network.</summary>
    public int TargetEvery { get; init; } = 1_000;

    /// <summary>Initial exploration rate (epsilon): fraction of random actions.</summary>
    public float InitialEpsilon { get; init; } = 1;

    /// <summary>Final exploration rate (epsilon).</summary>
    public float FinalEpsilon { get; init; } = 0.05f;

    /// <summary>Steps over which the exploration rate decays linearly.</summary>
    public long EpsilonSteps { get; init; } = 100_000;

    /// <summary>Length of n-step returns (n).</summary>
    public int NSteps { get; init; } = 1;

    /// <summary>
    /// True: double DQN, where the online network selects the next action and the target network evaluates it; false:
    /// the target network does both.
    /// </summary>
    public bool IsDouble { get; init; } = true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(ReplayCapacity > 0, nameof(ReplayCapacity), "positive");
        Require(Batch > 0 && Batch <= ReplayCapacity, nameof(Batch), "1 to ReplayCapacity");
        Require(LearningStarts >= Batch, nameof(LearningStarts), "Batch or more");
        Require(TrainEvery > 0, nameof(TrainEvery), "positive");
        Require(TargetEvery > 0, nameof(TargetEvery), "positive");
        Require(InitialEpsilon is >= 0 and <= 1, nameof(InitialEpsilon), "0 to 1");
        Require(FinalEpsilon is >= 0 and <= 1, nameof(FinalEpsilon), "0 to 1");
        Require(EpsilonSteps > 0, nameof(EpsilonSteps), "positive");
        Require(NSteps is > 0 and <= 100, nameof(NSteps), "1 to 100");
    }

    internal override void ValidateFor(EnvironmentSpec spec)
    {
        base.ValidateFor(spec);
        if (!spec.Actions.IsDiscrete || NormalizesObservations)
        {
            throw new ArgumentException(
                $"DQN: needs discrete actions and observations that are not normalized ({spec.Name}); use ppo or a2c");
        }
    }

    internal override JsonObject Fingerprint()
    {
        JsonObject all = Common();
        (all["capacity"], all["batch"], all["start"], all["trainEvery"], all["targetEvery"]) =
            (ReplayCapacity, Batch, LearningStarts, TrainEvery, TargetEvery);
        (all["first"], all["last"], all["epsilonSteps"], all["n"], all["double"]) =
            (InitialEpsilon, FinalEpsilon, EpsilonSteps, NSteps, IsDouble);
        return all;
    }
}
