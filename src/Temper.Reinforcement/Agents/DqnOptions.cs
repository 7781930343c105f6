using System.Text.Json.Nodes;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Options of deep Q-learning (DQN) with a replay buffer. Double DQN (arXiv:1509.06461) by default; n-step returns and
/// a dueling network are optional.
/// </summary>
public sealed record DqnOptions : AgentTrainingOptions
{
    /// <summary>Capacity of the replay buffer, in transitions.</summary>
    public int Capacity { get; init; } = 100_000;

    /// <summary>Batch size, in transitions.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Environment steps before the first gradient step.</summary>
    public int Start { get; init; } = 5_000;

    /// <summary>Environment steps per gradient step, summed over the environments.</summary>
    public int TrainEvery { get; init; } = 4;

    /// <summary>Gradient steps between updates of the target network.</summary>
    public int TargetEvery { get; init; } = 1_000;

    /// <summary>Initial exploration rate (epsilon): fraction of random actions.</summary>
    public float FirstEpsilon { get; init; } = 1;

    /// <summary>Final exploration rate (epsilon).</summary>
    public float LastEpsilon { get; init; } = 0.05f;

    /// <summary>Steps over which the exploration rate decays linearly.</summary>
    public long EpsilonSteps { get; init; } = 100_000;

    /// <summary>Length of n-step returns (n).</summary>
    public int ReturnSteps { get; init; } = 1;

    /// <summary>
    /// True: double DQN, where the online network selects the next action and the target network evaluates it; false:
    /// the target network does both.
    /// </summary>
    public bool IsDouble { get; init; } = true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(Capacity > 0, nameof(Capacity), "positive");
        Require(Batch > 0 && Batch <= Capacity, nameof(Batch), "1 to Capacity");
        Require(Start >= Batch, nameof(Start), "Batch or more");
        Require(TrainEvery > 0, nameof(TrainEvery), "positive");
        Require(TargetEvery > 0, nameof(TargetEvery), "positive");
        Require(FirstEpsilon is >= 0 and <= 1, nameof(FirstEpsilon), "0 to 1");
        Require(LastEpsilon is >= 0 and <= 1, nameof(LastEpsilon), "0 to 1");
        Require(EpsilonSteps > 0, nameof(EpsilonSteps), "positive");
        Require(ReturnSteps is > 0 and <= 100, nameof(ReturnSteps), "1 to 100");
    }

    internal override JsonObject Fingerprint()
    {
        JsonObject all = Common();
        (all["capacity"], all["batch"], all["start"], all["trainEvery"], all["targetEvery"]) =
            (Capacity, Batch, Start, TrainEvery, TargetEvery);
        (all["first"], all["last"], all["epsilonSteps"], all["n"], all["double"]) =
            (FirstEpsilon, LastEpsilon, EpsilonSteps, ReturnSteps, IsDouble);
        return all;
    }
}
