namespace Temper.Reinforcement.Environments;

/// <summary>
/// Repeats each action for several game steps (frame skip, as usual for Atari games). The rewards are summed and the
/// last observation is returned. If the episode ends during these steps, the remaining ones are skipped. Time limits
/// count actions. The inner environment is owned.
/// </summary>
internal sealed class SkippingEnvironment(IEnvironment inner, int steps) : IEnvironment, IDisposable
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

    public void Dispose() => (inner as IDisposable)?.Dispose();
}
