namespace Temper.Reinforcement.Environments.Classic;

/// <summary>
/// An underpowered car must swing back and forth to reach the top of a hill. The reward is -1 per step. Same task as
/// Gymnasium's MountainCar-v0.
/// </summary>
/// <remarks>
/// Observation <c>[2]</c>: position, velocity. The episode ends at position 0.5, after at most 200 steps. Source:
/// Moore, 1990.
/// </remarks>
public sealed class MountainCar : IEnvironment
{
    private const double Force = 0.001, Gravity = 0.0025, MaxSpeed = 0.07, Left = -1.2, Right = 0.6, Goal = 0.5;
    private readonly EnvironmentRandom _random = new();
    private double _x, _speed;

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; } = new()
    {
        Name = "mountain-car", ObservationShape = [2], Actions = ActionSpace.Discrete(3, ["left", "none", "right"]),
        StepLimit = 200,
    };

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        _random.Reset(seed);
        (_x, _speed) = (_random.NextDouble(-0.6, -0.4), 0);
        Show(observation);
    }

    /// <inheritdoc/>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        _speed = Math.Clamp(_speed + ((action.Index - 1) * Force) - (Math.Cos(3 * _x) * Gravity), -MaxSpeed, MaxSpeed);
        _x = Math.Clamp(_x + _speed, Left, Right);
        if (_x == Left && _speed < 0)
        {
            _speed = 0;
        }

        Show(observation);
        return new StepOutcome(-1, _x >= Goal && _speed >= 0);
    }

    private void Show(Span<float> observation)
    {
        if (observation.Length >= 2)
        {
            (observation[0], observation[1]) = ((float)_x, (float)_speed);
        }
    }
}
