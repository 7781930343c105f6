namespace Temper.Reinforcement.Environments.Classic;

/// <summary>
/// A pendulum that a weak motor must swing up and hold upright; continuous control. Same task as Gymnasium's
/// Pendulum-v1.
/// </summary>
/// <remarks>
/// Observation <c>[3]</c>: cosine and sine of the angle, angular velocity. Action <c>[1]</c>: torque from -2 to 2.
/// Episodes last 200 steps.
/// </remarks>
public sealed class Pendulum : IEnvironment
{
    private const double Gravity = 10, Tau = 0.05, MaxSpeed = 8, MaxTorque = 2;
    private readonly EnvironmentRandom _random = new();
    private double _angle, _speed;

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; } = new()
    {
        Name = "pendulum", ObservationShape = [3], Minimum = -8, Maximum = 8,
        Actions = ActionSpace.Continuous(1, -(float)MaxTorque, (float)MaxTorque), StepLimit = 200,
    };

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        _random.Reset(seed);
        (_angle, _speed) = (_random.NextDouble(-Math.PI, Math.PI), _random.NextDouble(-1, 1));
        Show(observation);
    }

    /// <inheritdoc/>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        double torque = Math.Clamp(action.Values[0], -MaxTorque, MaxTorque);
        double upright = _angle - (2 * Math.PI * Math.Floor((_angle + Math.PI) / (2 * Math.PI)));
        double cost = (upright * upright) + (0.1 * _speed * _speed) + (0.001 * torque * torque);
        _speed = Math.Clamp(_speed + (((1.5 * Gravity * Math.Sin(_angle)) + (3 * torque)) * Tau), -MaxSpeed, MaxSpeed);
        _angle += _speed * Tau;
        Show(observation);
        return new StepOutcome((float)-cost, IsTerminated: false);
    }

    private void Show(Span<float> observation)
    {
        if (observation.Length >= 3)
        {
            (double sin, double cos) = Math.SinCos(_angle);
            (observation[0], observation[1], observation[2]) = ((float)cos, (float)sin, (float)_speed);
        }
    }
}
