using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// An environment that plays for somebody at the other end of a wire: what is asked is checked, and the time limit
/// holds.
/// </summary>
/// <param name="environment">The environment.</param>
internal sealed class ServedEpisode(IEnvironment environment)
{
    private readonly float[] _observation = new float[environment.Spec.ObservationShape.Count];

    internal EnvironmentSpec Spec => environment.Spec;

    internal ReadOnlySpan<float> Observation => _observation;

    /// <summary>Steps since the reset.</summary>
    internal int Steps { get; private set; }

    /// <summary>Whether there was no reset yet, or the episode has ended.</summary>
    internal bool IsOver { get; private set; } = true;

    internal void Reset(ulong seed)
    {
        environment.Reset(seed, _observation);
        (Steps, IsOver) = (0, false);
    }

    /// <exception cref="BridgeException">The episode has not begun or is over, or there is no such action.</exception>
    internal StepOutcome Step(AgentAction action)
    {
        ActionSpace space = Spec.Actions;
        if (IsOver)
        {
            throw new BridgeException("step: the episode has not begun or is over; reset first");
        }

        if (space.IsDiscrete ? (uint)action.Index >= (uint)space.Count : !Fits(space, action.Values))
        {
            throw new BridgeException(space.IsDiscrete
                ? $"step: there is no such action (got {action.Index}, expected 0 to {space.Count - 1})"
                : $"step: an action does not fit (got {action.Values.Length} numbers, expected {space.Dimensions} that "
                    + "are finite)");
        }

        StepOutcome outcome = environment.Step(action, _observation);
        Steps++;
        if (Spec.StepLimit > 0 && Steps >= Spec.StepLimit && !outcome.IsTerminated)
        {
            outcome = outcome with { IsTruncated = true };
        }

        IsOver = outcome.IsOver;
        return outcome;
    }

    private static bool Fits(ActionSpace space, ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                return false;
            }
        }

        return values.Length == space.Dimensions;
    }
}
