namespace Temper.Reinforcement.Environments;

/// <summary>Replaces the time limit of an environment, which it owns.</summary>
internal sealed class LimitedEnvironment(IEnvironment inner, int limit) : IEnvironment, IDisposable
{
    public EnvironmentSpec Spec { get; } = inner.Spec with { StepLimit = limit };

    public long Carried
    {
        get => inner.Carried;
        set => inner.Carried = value;
    }

    public void Reset(ulong seed, Span<float> observation) => inner.Reset(seed, observation);

    public StepOutcome Step(AgentAction action, Span<float> observation) => inner.Step(action, observation);

    public void Dispose() => (inner as IDisposable)?.Dispose();
}
