using System.Globalization;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Runs an environment for a remote agent: validates the agent's requests and applies the time limit.
/// </summary>
/// <param name="environment">The environment.</param>
internal sealed class ServedEpisode(IEnvironment environment)
{
    private readonly float[] _observation = new float[environment.Spec.ObservationShape.Count];
    private readonly AllowedAction _allowed = new(environment.Spec.Actions.Dimensions);

    internal EnvironmentSpec Spec => environment.Spec;

    internal ReadOnlySpan<float> Observation => _observation;

    /// <summary>Steps since the last reset.</summary>
    internal int Steps { get; private set; }

    /// <summary>True before the first reset and after the end of an episode.</summary>
    internal bool IsOver { get; private set; } = true;

    internal void Reset(ulong seed)
    {
        // An agent at the other end can neither see nor restore what an environment carries over a reset.
        environment.Carried = 0;
        environment.Reset(seed, _observation);
        (Steps, IsOver) = (0, false);
    }

    /// <exception cref="BridgeException">The episode has not begun or has ended, or the action is invalid.</exception>
    internal StepOutcome Step(AgentAction action)
    {
        ActionSpace space = Spec.Actions;
        if (IsOver)
        {
            throw new BridgeException("step: the episode has not begun or has ended; call reset first");
        }

        if (space.IsDiscrete ? (uint)action.Index >= (uint)space.Count : !Fits(space, action.Values))
        {
            throw new BridgeException(space.IsDiscrete
                ? string.Create(CultureInfo.InvariantCulture, $"step: the action is out of range (got {action.Index}, "
                    + $"expected 0 to {space.Count - 1})")
                : $"step: the action is not valid (got {action.Values.Length} numbers, expected {space.Dimensions} "
                    + "finite numbers)");
        }

        StepOutcome outcome = environment.Step(_allowed.Within(Spec.Actions, action), _observation);
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
