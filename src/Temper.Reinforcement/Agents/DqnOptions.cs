using System.Text.Json.Nodes;

namespace Temper.Reinforcement.Agents;

/// <summary>Values of actions from replayed experience: DQN, by default double (arXiv:1509.06461), with n steps and dueling by choice.</summary>
public sealed record DqnOptions : AgentTrainingOptions
{
    /// <summary>Transitions that are remembered.</summary>
    public int Capacity { get; init; } = 100_000;

    /// <summary>Transitions of a gradient step.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Steps before learning begins.</summary>
    public int Start { get; init; } = 5_000;

    /// <summary>Steps, in all environments together, for each gradient step.</summary>
    public int TrainEvery { get; init; } = 4;

    /// <summary>Gradient steps after which the target network becomes a copy of the network.</summary>
    public int TargetEvery { get; init; } = 1_000;

    /// <summary>Part of the actions that are random at the start.</summary>
    public float FirstEpsilon { get; init; } = 1;

    /// <summary>Part of the actions that are random in the end.</summary>
    public float LastEpsilon { get; init; } = 0.05f;

    /// <summary>Steps over which the part falls in a line.</summary>
    public long EpsilonSteps { get; init; } = 100_000;

    /// <summary>n, steps of a transition.</summary>
    public int ReturnSteps { get; init; } = 1;

    /// <summary>Whether the network chooses the next action and the target network values it; else the target network does both.</summary>
    public bool IsDouble { get; init; } = true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(Capacity > 0, nameof(Capacity), "positive");
        Require(Batch > 0 && Batch <= Capacity, nameof(Batch), "1 to the capacity");
        Require(Start >= Batch, nameof(Start), "at least a batch");
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
        (all["capacity"], all["batch"], all["start"], all["trainEvery"], all["targetEvery"]) = (Capacity, Batch, Start, TrainEvery, TargetEvery);
        (all["first"], all["last"], all["epsilonSteps"], all["n"], all["double"]) = (FirstEpsilon, LastEpsilon, EpsilonSteps, ReturnSteps, IsDouble);
        return all;
    }
}
