namespace Temper.Reinforcement.Environments.Classic;

/// <summary>
/// Two-link pendulum with a motor at the joint; the free end must swing above the bar. The reward is -1 per step. Same
/// task as Gymnasium's Acrobot-v1.
/// </summary>
/// <remarks>
/// Observation <c>[6]</c>: cosine and sine of both angles, then both angular velocities. Runge-Kutta integration with
/// steps of 0.2 s. At most 500 steps. Source: Sutton, 1996, with the equations of Sutton and Barto's book.
/// </remarks>
public sealed class Acrobot : IEnvironment
{
    private const double Tau = 0.2, Length = 1, Mass = 1, Center = 0.5, Inertia = 1, Gravity = 9.8;
    private readonly EnvironmentRandom _random = new();
    private Links _state;

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; } = new()
    {
        Name = "acrobot", ObservationShape = [6], Actions = ActionSpace.Discrete(3, ["torque -1", "none", "torque 1"]),
        StepLimit = 500,
    };

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        _random.Reset(seed);
        _state = new Links(Small(), Small(), Small(), Small());
        Show(observation);
    }

    /// <inheritdoc/>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        double torque = action.Index - 1;
        Links s = _state;
        Links k1 = Derivative(s, torque), k2 = Derivative(s.Plus(k1, Tau / 2), torque),
            k3 = Derivative(s.Plus(k2, Tau / 2), torque), k4 = Derivative(s.Plus(k3, Tau), torque);
        s = s.Plus(k1, Tau / 6).Plus(k2, Tau / 3).Plus(k3, Tau / 3).Plus(k4, Tau / 6);
        _state = new Links(
            Wrapped(s.First), Wrapped(s.Second),
            Math.Clamp(s.FirstSpeed, -4 * Math.PI, 4 * Math.PI), Math.Clamp(s.SecondSpeed, -9 * Math.PI, 9 * Math.PI));
        Show(observation);
        bool isUp = -Math.Cos(_state.First) - Math.Cos(_state.Second + _state.First) > 1;
        return new StepOutcome(isUp ? 0 : -1, isUp);
    }

    private static Links Derivative(Links s, double torque)
    {
        (double sin2, double cos2) = Math.SinCos(s.Second);
        double d1 = (Mass * Center * Center)
            + (Mass * ((Length * Length) + (Center * Center) + (2 * Length * Center * cos2)))
            + (2 * Inertia);
        double d2 = (Mass * ((Center * Center) + (Length * Center * cos2))) + Inertia;
        double phi2 = Mass * Center * Gravity * Math.Cos(s.First + s.Second - (Math.PI / 2));
        double phi1 = (-Mass * Length * Center * s.SecondSpeed * s.SecondSpeed * sin2)
            - (2 * Mass * Length * Center * s.SecondSpeed * s.FirstSpeed * sin2)
            + (((Mass * Center) + (Mass * Length)) * Gravity * Math.Cos(s.First - (Math.PI / 2))) + phi2;
        double second =
            (torque + (d2 / d1 * phi1) - (Mass * Length * Center * s.FirstSpeed * s.FirstSpeed * sin2) - phi2)
            / ((Mass * Center * Center) + Inertia - (d2 * d2 / d1));
        double first = -((d2 * second) + phi1) / d1;
        return new Links(s.FirstSpeed, s.SecondSpeed, first, second);
    }

    private static double Wrapped(double angle) =>
        angle - (2 * Math.PI * Math.Floor((angle + Math.PI) / (2 * Math.PI)));

    private double Small() => _random.NextDouble(-0.1, 0.1);

    private void Show(Span<float> observation)
    {
        if (observation.Length >= 6)
        {
            ((double sin1, double cos1), (double sin2, double cos2)) =
                (Math.SinCos(_state.First), Math.SinCos(_state.Second));
            (observation[0], observation[1], observation[2], observation[3]) =
                ((float)cos1, (float)sin1, (float)cos2, (float)sin2);
            (observation[4], observation[5]) = ((float)_state.FirstSpeed, (float)_state.SecondSpeed);
        }
    }

    private readonly record struct Links(double First, double Second, double FirstSpeed, double SecondSpeed)
    {
        internal Links Plus(Links derivative, double time) => new(
            First + (time * derivative.First), Second + (time * derivative.Second),
            FirstSpeed + (time * derivative.FirstSpeed), SecondSpeed + (time * derivative.SecondSpeed));
    }
}
