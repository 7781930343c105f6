using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Tests.Environments;

/// <summary>
/// Compares the classic control tasks with their published equations, written down here a second time in plain doubles.
/// </summary>
public sealed class ClassicControlTests
{
    private const int Steps = 600;
    private const double Tolerance = 1e-4;

    [Fact]
    public void Cartpole_follows_its_equations() => AssertFollows("cartpole", new CartPoleReference(), minEnds: 4);

    [Fact]
    public void Mountain_car_follows_its_equations() => AssertFollows("mountain-car", new MountainCarReference(), minEnds: 2);

    [Fact]
    public void Pendulum_follows_its_equations() => AssertFollows("pendulum", new PendulumReference(), minEnds: 0);

    [Fact]
    public void Acrobot_follows_its_equations() => AssertFollows("acrobot", new AcrobotReference(), minEnds: 4);

    /// <summary>Plays the reference's actions in both, with a reset of both whenever the task has ended.</summary>
    private static void AssertFollows(string name, Reference reference, int minEnds)
    {
        IEnvironment environment = EnvironmentCatalog.Create(name);
        float[] seen = new float[environment.Spec.ObservationShape.Count];
        int ends = 0;
        Begin();
        for (int step = 0; step < Steps; step++)
        {
            float action = reference.Choose();
            StepOutcome outcome = environment.Spec.Actions.IsDiscrete
                ? environment.Step((int)action, seen)
                : environment.Step(new AgentAction([action]), seen);
            (double reward, bool isOver) = reference.Step(action);
            Assert.Equal(reward, outcome.Reward, Tolerance);
            Assert.Equal((isOver, false), (outcome.IsTerminated, outcome.IsTruncated));
            AssertSeen();
            if (isOver)
            {
                ends++;
                Begin();
            }
        }

        Assert.InRange(ends, minEnds, Steps);
        Assert.True(reference.HasMetEveryCase, "the actions do not reach every case of the equations");

        void Begin()
        {
            ulong seed = (ulong)(100 + ends);
            environment.Reset(seed, seen);
            reference.Reset(ends, new EnvironmentRandom(seed));
            AssertSeen();
        }

        void AssertSeen()
        {
            double[] expected = reference.Observation;
            Assert.Equal(expected.Length, seen.Length);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], seen[i], Tolerance);
            }
        }
    }

    /// <summary>A task as its source describes it.</summary>
    private abstract class Reference
    {
        /// <summary>The state, in the order in which the first one is drawn.</summary>
        protected double[] State { get; private set; } = [];

        protected int Episode { get; private set; }

        /// <summary>Steps since the reset.</summary>
        protected int Time { get; private set; }

        internal abstract double[] Observation { get; }

        /// <summary>True once the actions have reached every limit that the equations have.</summary>
        internal abstract bool HasMetEveryCase { get; }

        internal void Reset(int episode, EnvironmentRandom random) => (Episode, Time, State) = (episode, 0, Draw(random));

        /// <summary>The action to try in the current state.</summary>
        internal abstract float Choose();

        internal (double Reward, bool IsOver) Step(float action)
        {
            Time++;
            return Move(action);
        }

        protected abstract double[] Draw(EnvironmentRandom random);

        protected abstract (double Reward, bool IsOver) Move(double action);
    }

    /// <summary>
    /// Barto, Sutton, Anderson, 1983, without friction: the angular acceleration in the form of the paper, with the
    /// force in the numerator. Euler steps of 0.02 s, as in Gymnasium.
    /// </summary>
    private sealed class CartPoleReference : Reference
    {
        private bool _hasLeft, _hasFallen;

        internal override double[] Observation => State;

        internal override bool HasMetEveryCase => _hasLeft && _hasFallen;

        /// <summary>Leans the pole until the cart is out of bounds, or shakes it until it falls.</summary>
        internal override float Choose() =>
            Episode % 2 == 0 ? (State[2] + (0.5 * State[3]) > -0.08 ? 1 : 0) : Time % 2;

        protected override double[] Draw(EnvironmentRandom random) =>
            [random.NextDouble(-0.05, 0.05), random.NextDouble(-0.05, 0.05), random.NextDouble(-0.05, 0.05), random.NextDouble(-0.05, 0.05)];

        protected override (double Reward, bool IsOver) Move(double action)
        {
            const double Cart = 1.0, Pole = 0.1, Half = 0.5, G = 9.8, Dt = 0.02;
            double force = action > 0.5 ? 10 : -10;
            (double x, double v, double a, double w) = (State[0], State[1], State[2], State[3]);
            double numerator = (G * Math.Sin(a)) + (Math.Cos(a) * (-force - (Pole * Half * w * w * Math.Sin(a))) / (Cart + Pole));
            double turning = numerator / (Half * ((4.0 / 3.0) - (Pole * Math.Cos(a) * Math.Cos(a) / (Cart + Pole))));
            double pushing = (force + (Pole * Half * ((w * w * Math.Sin(a)) - (turning * Math.Cos(a))))) / (Cart + Pole);
            (State[0], State[1], State[2], State[3]) = (x + (Dt * v), v + (Dt * pushing), a + (Dt * w), w + (Dt * turning));
            bool hasLeft = Math.Abs(State[0]) > 2.4, hasFallen = Math.Abs(State[2]) > 12 * Math.PI / 180;
            (_hasLeft, _hasFallen) = (_hasLeft || hasLeft, _hasFallen || hasFallen);
            return (1, hasLeft || hasFallen);
        }
    }

    /// <summary>Sutton and Barto, Reinforcement Learning, example 10.1; goal at 0.5 as in the book and Gymnasium.</summary>
    private sealed class MountainCarReference : Reference
    {
        private bool _hasHitTheWall;

        internal override double[] Observation => State;

        internal override bool HasMetEveryCase => _hasHitTheWall;

        /// <summary>Drives left with the motion until the wall has been hit, then right to the goal.</summary>
        internal override float Choose() => State[1] < 0 ? 0 : Time < 120 ? 1 : 2;

        protected override double[] Draw(EnvironmentRandom random) => [random.NextDouble(-0.6, -0.4), 0];

        protected override (double Reward, bool IsOver) Move(double action)
        {
            double speed = State[1] + (0.001 * (action - 1)) - (0.0025 * Math.Cos(3 * State[0]));
            speed = Math.Min(Math.Max(speed, -0.07), 0.07);
            double position = State[0] + speed;
            if (position <= -1.2)
            {
                (position, speed, _hasHitTheWall) = (-1.2, 0, true);
            }

            position = Math.Min(position, 0.6);
            (State[0], State[1]) = (position, speed);
            return (-1, position >= 0.5);
        }
    }

    /// <summary>Pendulum-v1 of Gymnasium: a rod of mass 1 and length 1 with moment of inertia 1/3.</summary>
    private sealed class PendulumReference : Reference
    {
        private bool _hasReachedTopSpeed, _hasTurnedOver;

        internal override double[] Observation => [Math.Cos(State[0]), Math.Sin(State[0]), State[1]];

        internal override bool HasMetEveryCase => _hasReachedTopSpeed && _hasTurnedOver;

        /// <summary>A torque with the motion, which swings the rod over the top, sometimes above the limit of 2.</summary>
        internal override float Choose() => (State[1] >= 0 ? 1 : -1) * (2 + MathF.Sin(0.3f * Time));

        protected override double[] Draw(EnvironmentRandom random) => [random.NextDouble(-Math.PI, Math.PI), random.NextDouble(-1, 1)];

        protected override (double Reward, bool IsOver) Move(double action)
        {
            const double G = 10, Mass = 1, Rod = 1, Dt = 0.05;
            double torque = action > 2 ? 2 : action < -2 ? -2 : action, angle = State[0];
            while (angle > Math.PI)
            {
                angle -= 2 * Math.PI;
            }

            while (angle < -Math.PI)
            {
                angle += 2 * Math.PI;
            }

            double cost = Math.Pow(angle, 2) + (0.1 * Math.Pow(State[1], 2)) + (0.001 * Math.Pow(torque, 2));
            double speed = State[1] + (((3 * G / (2 * Rod) * Math.Sin(State[0])) + (3 / (Mass * Rod * Rod) * torque)) * Dt);
            _hasReachedTopSpeed |= Math.Abs(speed) > 8;
            speed = Math.Min(Math.Max(speed, -8), 8);
            (State[0], State[1]) = (State[0] + (speed * Dt), speed);
            _hasTurnedOver |= Math.Abs(State[0]) > Math.PI;
            return (-cost, false);
        }
    }

    /// <summary>
    /// The acrobot of Sutton and Barto, Reinforcement Learning, first edition, section 11.3: masses and lengths 1,
    /// centers of mass at 0.5, moments of inertia 1, g 9.8. The accelerations solve the linear system of the equations
    /// of motion; one Runge-Kutta step of 0.2 s each, as in Gymnasium.
    /// </summary>
    private sealed class AcrobotReference : Reference
    {
        private const double Dt = 0.2;
        private bool _hasTurnedOver;

        internal override double[] Observation =>
            [Math.Cos(State[0]), Math.Sin(State[0]), Math.Cos(State[1]), Math.Sin(State[1]), State[2], State[3]];

        internal override bool HasMetEveryCase => _hasTurnedOver;

        /// <summary>A torque with the motion of the second link, which swings the free end up.</summary>
        internal override float Choose() => State[3] > 0 ? 2 : 0;

        protected override double[] Draw(EnvironmentRandom random) =>
            [random.NextDouble(-0.1, 0.1), random.NextDouble(-0.1, 0.1), random.NextDouble(-0.1, 0.1), random.NextDouble(-0.1, 0.1)];

        protected override (double Reward, bool IsOver) Move(double action)
        {
            double torque = action - 1;
            double[] slope = new double[4], sum = new double[4];
            foreach ((double part, double weight) in new[] { (0.0, 1.0), (0.5, 2.0), (0.5, 2.0), (1.0, 1.0) })
            {
                double[] at = new double[4];
                for (int i = 0; i < 4; i++)
                {
                    at[i] = State[i] + (part * Dt * slope[i]);
                }

                slope = Slope(at, torque);
                for (int i = 0; i < 4; i++)
                {
                    sum[i] += weight * slope[i];
                }
            }

            for (int i = 0; i < 4; i++)
            {
                State[i] += Dt / 6 * sum[i];
            }

            for (int i = 0; i < 2; i++)
            {
                _hasTurnedOver |= Math.Abs(State[i]) > Math.PI;
                State[i] = Math.Atan2(Math.Sin(State[i]), Math.Cos(State[i]));
            }

            State[2] = Math.Min(Math.Max(State[2], -4 * Math.PI), 4 * Math.PI);
            State[3] = Math.Min(Math.Max(State[3], -9 * Math.PI), 9 * Math.PI);
            bool isUp = -Math.Cos(State[0]) - Math.Cos(State[0] + State[1]) > 1;
            return (isUp ? 0 : -1, isUp);
        }

        /// <summary>Solves <c>M(angles) accelerations = forces</c> with Cramer's rule; angles are measured from straight down.</summary>
        private static double[] Slope(double[] s, double torque)
        {
            const double G = 9.8, Center = 0.5;
            double m11 = (Center * Center) + 1 + (Center * Center) + (2 * Center * Math.Cos(s[1])) + 2;
            double m12 = (Center * Center) + (Center * Math.Cos(s[1])) + 1, m22 = (Center * Center) + 1;
            double bend = Center * Math.Sin(s[1]), lower = Center * G * Math.Sin(s[0] + s[1]);
            double first = (bend * s[3] * s[3]) + (2 * bend * s[2] * s[3]) - ((Center + 1) * G * Math.Sin(s[0])) - lower;
            double second = torque - (bend * s[2] * s[2]) - lower;
            double determinant = (m11 * m22) - (m12 * m12);
            return [s[2], s[3], ((m22 * first) - (m12 * second)) / determinant, ((m11 * second) - (m12 * first)) / determinant];
        }
    }
}
