using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Reinforcement.Environments;

/// <summary>Clips the numbers of a continuous action, which a policy does not bound, to the action space.</summary>
internal sealed class AllowedAction(int dimensions)
{
    private readonly float[] _numbers = new float[dimensions];

    /// <summary>Returns the action for the environment; it is valid until the next call.</summary>
    internal AgentAction Within(ActionSpace space, AgentAction action)
    {
        if (space.IsDiscrete)
        {
            return action;
        }

        TensorPrimitives.Clamp(action.Values, space.Low, space.High, _numbers);
        return new AgentAction(_numbers);
    }
}
