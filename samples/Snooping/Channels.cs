using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;

namespace Temper.SnoopingSample;

/// <summary>A passive eavesdropper on the channel between environment and agent.</summary>
internal sealed class Ear(SnoopRecorder recorder) : IObservationChannel
{
    public void Observe(int slot, Span<float> observation, EpisodePosition position)
    {
        if (position != EpisodePosition.Last)
        {
            recorder.Observe(observation, isFirst: position == EpisodePosition.First);
        }
    }

    public void Act(int slot, AgentAction action, StepOutcome outcome) => recorder.Act(action.Index, outcome.Reward);
}

/// <summary>An attacker on the same channel: the agent receives the perturbed observation.</summary>
internal sealed class Attacker(ObservationAttacker attacker) : IObservationChannel
{
    public void Observe(int slot, Span<float> observation, EpisodePosition position)
    {
        if (position != EpisodePosition.Last)
        {
            attacker.Perturb(slot, observation, isFirst: position == EpisodePosition.First);
        }
    }

    public void Act(int slot, AgentAction action, StepOutcome outcome)
    {
        // Only observations are attacked.
    }
}
