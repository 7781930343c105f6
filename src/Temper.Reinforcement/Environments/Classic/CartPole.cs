namespace Temper.Reinforcement.Environments.Classic;

/// <summary>
/// A pole on a cart that is pushed left or right; a point for each step that it stands. The task of Gymnasium's
/// CartPole-v1.
/// </summary>
/// <remarks>
/// Observation <c>[4]</c>: position in meters, speed, angle in radians, angular speed. Euler steps of 0.02 s. Over when
/// the cart leaves +-2.4 m or the pole +-12 degrees; 500 steps at most. Source: Barto, Sutton, Anderson, 1983.
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
