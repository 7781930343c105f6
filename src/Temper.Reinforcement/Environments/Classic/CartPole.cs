namespace Temper.Reinforcement.Environments.Classic;

/// <summary>
/// A pole balanced on a cart that is pushed left or right. The reward is 1 per step. Same task as Gymnasium's
/// CartPole-v1.
/// </summary>
/// <remarks>
/// Observation <c>[4]</c>: position in meters, velocity, angle in radians, angular velocity. Euler integration with
/// steps of 0.02 s. The episode ends when the cart leaves -2.4 to 2.4 m or the pole leaves -12 to 12 degrees, after at
/// most 500 steps. Source: Barto, Sutton, Anderson, 1983.
/// </remarks>
public sealed class CartPole : IEnvironment
{
    private const double Gravity = 9.8, PoleMass = 0.1, TotalMass = 1.1, HalfLength = 0.5, Force = 10, Tau = 0.02;
    private const double MaxAngle = 12 * 2 * Math.PI / 360, MaxPosition = 2.4;
    private readonly EnvironmentRandom _random = new();
    private double _x, _speed, _angle, _turn;

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; } = new()
    {
        Name = "cartpole", ObservationShape = [4], Actions = ActionSpace.Discrete(2, ["left", "right"]),
        StepLimit = 500,
    };

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        _random.Reset(seed);
        (_x, _speed) = (_random.NextDouble(-0.05, 0.05), _random.NextDouble(-0.05, 0.05));
        (_angle, _turn) = (_random.NextDouble(-0.05, 0.05), _random.NextDouble(-0.05, 0.05));
        Show(observation);
    }

    /// <inheritdoc/>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        double force = action.Index == 1 ? Force : -Force;
        (double sin, double cos) = Math.SinCos(_angle);
        double push = (force + (PoleMass * HalfLength * _turn * _turn * sin)) / TotalMass;
        double turning =
            ((Gravity * sin) - (cos * push)) / (HalfLength * ((4.0 / 3) - (PoleMass * cos * cos / TotalMass)));
        double acceleration = push - (PoleMass * HalfLength * turning * cos / TotalMass);
        _x += Tau * _speed;
        _speed += Tau * acceleration;
        _angle += Tau * _turn;
        _turn += Tau * turning;
        Show(observation);
        return new StepOutcome(1, Math.Abs(_x) > MaxPosition || Math.Abs(_angle) > MaxAngle);
    }

    private void Show(Span<float> observation)
    {
        if (observation.Length >= 4)
        {
            (observation[0], observation[1], observation[2], observation[3]) =
                ((float)_x, (float)_speed, (float)_angle, (float)_turn);
        }
    }
}
