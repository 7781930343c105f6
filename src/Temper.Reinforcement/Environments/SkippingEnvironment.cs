namespace Temper.Reinforcement.Environments;

/// <summary>
/// An environment in which each action lasts several steps of the game (frame skip, as usual for Atari games); their
/// rewards are added, and the last observation is shown. An episode that ends on the way ends at once. Time limits
/// count actions.
/// </summary>
internal sealed class SkippingEnvironment(IEnvironment inner, int steps) : IEnvironment
{
    public EnvironmentSpec Spec { get; } = inner.Spec with { FrameSkip = steps };

    public long Carried
    {
        get => inner.Carried;
        set => inner.Carried = value;
    }

    public void Reset(ulong seed, Span<float> observation) => inner.Reset(seed, observation);

    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        float reward = 0;
        for (int step = 0; ; step++)
        {
            StepOutcome outcome = inner.Step(action, observation);
            reward += outcome.Reward;
            if (outcome.IsOver || step == steps - 1)
            {
                return outcome with { Reward = reward };
            }
        }
    }
}
