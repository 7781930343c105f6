namespace Temper.Robustness.Attacks;

/// <summary>
/// The augmented Lagrangian method (ALMA, arXiv:2011.11857) for the 2-norm: minimizes <c>|d| + P(y, rho, mu)</c>. The
/// constraint value y is above zero while the sample is not adversarial; the weight of its penalty P grows until it is.
/// </summary>
public sealed record Alma : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "alma";

    /// <summary>Number of steps.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Length of the first step, for inputs scaled to 0 to 1 (the paper's epsilon).</summary>
    public double FirstDistance { get; init; } = 0.5;

    /// <summary>Ratio of the last step length to the first, above 0 and at most 1.</summary>
    public double Reduction { get; init; } = 0.01;

    /// <summary>
    /// Decay per step of the moving averages of the multiplier, the squared gradients and the direction. The authors
    /// use 0.9, and 0.5 for 100 steps.
    /// </summary>
    public double Smoothing { get; init; } = 0.9;

    /// <summary>Number of steps between two checks of whether the constraint value y has decreased.</summary>
    public int CheckSteps { get; init; } = 10;

    /// <summary>Fraction of its previous value to which y must fall to count as an improvement.</summary>
    public double Improvement { get; init; } = 0.95;

    /// <summary>Factor by which rho grows after a check without improvement.</summary>
    public double Growth { get; init; } = 1.2;

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(FirstDistance > 0, "first distance", FirstDistance, "above zero");
        Require(Reduction is > 0 and <= 1, "reduction", Reduction, "above 0 to 1");
        Require(Smoothing is >= 0 and < 1, "smoothing", Smoothing, "0 to below 1");
        Require(CheckSteps >= 1, "check steps", CheckSteps, "1 or more");
        Require(Growth >= 1, "growth", Growth, "1 or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        double range = (double)s.High - s.Low, mu = 1, rho = 1, before = 0, rate = 0;
        int found = -1;
        var path = new Descent(s, Smoothing);

        // The DLR loss is constant for two classes and only handles one target class. In these cases the margin,
        // divided by the range of the clean logits, replaces it.
        bool isRatio = s.Classes > 2 && s.Target < 0;
        double unit = isRatio ? 1 : Math.Max((double)s.CleanLogits.Max() - s.CleanLogits.Min(), 1e-6);
        s.Clean.CopyTo(s.X, 0);
        for (int step = 0; step < Steps; step++)
        {
            s.Loss = s.LossOf(isRatio ? LossKind.Dlr : LossKind.Margin);
            yield return Ask.Gradient;
            double y = ((isRatio ? 0 : s.Gap) - s.Value + 1e-4) / unit;
            found = found < 0 && s.IsAdversarial ? step : found;
            if (step > 0 && (step + 1) % CheckSteps == 0)
            {
                rho = found >= 0 || y < Improvement * before ? rho : Growth * rho;
                before = y;
            }

            before = step == 0 ? y : before;
            mu = step == 0 ? mu : Math.Clamp((Smoothing * mu) + ((1 - Smoothing) * Derivative(y, rho, mu)), 1e-6, 1e12);
            path.Direction(Derivative(y, rho, mu) / unit * range, step > 0);
            rate = step == 0 ? path.RateFor(FirstDistance * range) : rate;
            double decay = found < 0 ? 1 : Math.Pow(Reduction, (step - found) / (double)(Steps - found));
            path.Move(rate * decay);
        }

        yield return Ask.Scores;
    }

    /// <summary>
    /// Derivative with respect to y of the penalty P2: <c>mu y + mu rho y^2 + rho^2 y^3 / 6</c> for y of zero or more,
    /// <c>mu y / (1 - rho y)</c> for negative y.
    /// </summary>
    private static double Derivative(double y, double rho, double mu) => y >= 0
        ? mu + (2 * mu * rho * y) + (0.5 * rho * rho * y * y)
        : mu / ((1 - (rho * y)) * (1 - (rho * y)));

    /// <summary>RMSprop with momentum on the perturbation d; the input is clamped to its bounds.</summary>
    private sealed class Descent
    {
        private readonly Search _s;
        private readonly double _smoothing;
        private readonly double[] _gradient;
        private readonly double[] _squares;
        private readonly double[] _momentum;

        internal Descent(Search s, double smoothing)
        {
            (_s, _smoothing) = (s, smoothing);
            (_gradient, _squares, _momentum) = (new double[s.X.Length], new double[s.X.Length], new double[s.X.Length]);
            Array.Fill(_squares, 1);
        }

        /// <summary>
        /// Computes the gradient of |d| + P with respect to d, in units of the input range. The first step ignores |d|,
        /// whose gradient is undefined at zero.
        /// </summary>
        internal void Direction(double penalty, bool hasDistance)
        {
            double length = hasDistance ? Math.Max(_s.Distance, 1e-12) : double.PositiveInfinity;
            for (int i = 0; i < _gradient.Length; i++)
            {
                // s.Loss is -y.
                _gradient[i] = (((double)_s.X[i] - _s.Clean[i]) / length) - (penalty * _s.Gradient[i]);
                _squares[i] = (_smoothing * _squares[i]) + ((1 - _smoothing) * _gradient[i] * _gradient[i]);
                _momentum[i] = (_smoothing * _momentum[i]) + (_gradient[i] / (Math.Sqrt(_squares[i]) + 1e-8));
            }
        }

        /// <summary>
        /// Finds by bisection the learning rate at which one clamped gradient step has the wanted length.
        /// </summary>
        internal double RateFor(double wanted)
        {
            double low = 0, high = 1;
            for (int round = 0; round < 60 && Moved(high) < wanted; round++)
            {
                (low, high) = (high, 2 * high);
            }

            for (int round = 0; round < 30; round++)
            {
                double middle = (low + high) / 2;
                (low, high) = Moved(middle) > wanted ? (low, middle) : (middle, high);
            }

            return (low + high) / 2;
        }

        internal void Move(double rate)
        {
            for (int i = 0; i < _gradient.Length; i++)
            {
                _s.X[i] = (float)Math.Clamp(_s.X[i] - (rate * _momentum[i]), _s.Low, _s.High);
            }
        }

        private double Moved(double rate)
        {
            double squares = 0;
            for (int i = 0; i < _gradient.Length; i++)
            {
                double d = Math.Clamp(_s.X[i] - (rate * _gradient[i]), _s.Low, _s.High) - _s.X[i];
                squares += d * d;
            }

            return Math.Sqrt(squares);
        }
    }
}
