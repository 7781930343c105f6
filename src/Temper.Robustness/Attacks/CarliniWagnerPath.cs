namespace Temper.Robustness.Attacks;

/// <summary>
/// The variable of a Carlini-Wagner search: where it starts, how it becomes an input, and Adam's steps on it. With
/// guidance the variable is multiplied by a direction of its own for each input.
/// </summary>
internal sealed class CarliniWagnerPath
{
    /// <summary>Keeps artanh finite: an input at its bound is taken for one a millionth inside.</summary>
    private const double Inside = 0.999999;

    private readonly CarliniWagner _options;
    private readonly Search _s;
    private readonly double[] _v;
    private readonly double[] _first;
    private readonly double[] _second;
    private readonly float[] _direction;
    private readonly double[] _anchor;
    private int _step;
    private bool _isAnchored;
    private bool _isGuided;
    private double _reach = double.NaN;
    private double _bestSeen = double.PositiveInfinity;
    private readonly float[] _bestGradient;

    internal CarliniWagnerPath(CarliniWagner options, Search s)
    {
        int size = s.Clean.Length;
        (_options, _s, _v, _first, _second, _direction, _anchor) =
            (options, s, new double[size], new double[size], new double[size], s.Vector(), new double[size]);
        _bestGradient = s.Vector();
        _isGuided = options.Guidance != Guidance.None;
        Array.Fill(_direction, 1);
        SetAnchor(s.Clean);
    }

    /// <summary>Scale of a step: the range of inputs in pixels, one in tanh space.</summary>
    private double Unit => _options.Variable == AttackVariable.Pixel ? (double)_s.High - _s.Low : 1;

    /// <summary>
    /// Starts again for another c. Guidance under which nothing was found is dropped: an input hardly moves where the
    /// gradient at the clean sample is about zero, and not at all where it is zero, whatever the gradient on the way
    /// says, so a larger c would fail as well.
    /// </summary>
    internal void Restart(int search)
    {
        Array.Clear(_v);
        ClearMoments();
        if (search > 0 && _isGuided && !_s.HasBest)
        {
            _isGuided = false;
            Array.Fill(_direction, 1);
            SetAnchor(_s.Clean);
        }

        if (search > 0 && _options.FirstC is null
            && _options.Refresh == 0 && _s.HasBest && _options.Variable == AttackVariable.Pixel)
        {
            GoOnFromBest();
        }
        else if (search > 0 && _isGuided && _options.Refresh > 0)
        {
            SetAnchor(_s.Clean);
            _isAnchored = false;
        }
    }

    /// <summary>Twice the c at which the best adversarial is a minimum: there <c>2 d = c g</c>.</summary>
    internal double BestC { get; private set; } = 1;

    /// <summary>
    /// Adam's step for inputs of 0 to 1: the given one, or a part of the way that is expected, in the length of a step
    /// of all inputs.
    /// </summary>
    internal double Rate(double? given)
    {
        const double Part = 1.0 / 3, InTanh = 0.1;
        if (given is { } rate)
        {
            return rate;
        }

        if (_options.Variable == AttackVariable.Tanh)
        {
            return InTanh;
        }

        double range = (double)_s.High - _s.Low;
        if (double.IsNaN(_reach))
        {
            double gradientNorm = Perturbations.Length(_s.Gradient),
                way = gradientNorm > 0 ? Math.Max(-_s.Value + _s.Gap, 0) / gradientNorm : range;
            _reach = Math.Clamp(way, 1e-3 * range, 3 * range);
        }

        return Part * _reach / range / Math.Max(Perturbations.Length(_direction), 1e-6);
    }

    /// <summary>
    /// Takes what a search for one c has shown: the next one looks around the best adversarial, closer each time, or
    /// farther out for a first one.
    /// </summary>
    internal void EndSearch(int search) =>
        _reach = _s.HasBest ? _s.BestDistance * Math.Pow(0.5, search + 1) : 3 * _reach;

    /// <summary>
    /// Starts at the best adversarial. Its gradient guides from there; an input that has moved keeps at least the
    /// weight of its change, so that it can go back where the gradient has become small.
    /// </summary>
    private void GoOnFromBest()
    {
        double gradient = Perturbations.Size(Norm.Linf, _bestGradient),
            change = Perturbations.Distance(Norm.Linf, _s.Best, _s.Clean);
        SetAnchor(_s.Clean);
        _isAnchored = true;
        for (int i = 0; i < _v.Length; i++)
        {
            double d = (double)_s.Best[i] - _s.Clean[i];
            if (_isGuided && _options.Guidance == Guidance.Weighted && gradient > 0 && change > 0)
            {
                _direction[i] = (float)Math.Max(Math.Abs(_bestGradient[i]) / gradient, Math.Abs(d) / change);
            }

            _v[i] = _direction[i] == 0 ? 0 : d / _direction[i];
        }
    }

    /// <summary>Whether this step is spent on the gradient at an anchor.</summary>
    internal bool IsAnchoring(int search, int step) => _isGuided
        && (!_isAnchored || (_options.Refresh > 0 && step > 0 && step % _options.Refresh == 0 && _s.HasBest));

    /// <summary>The next anchor is the best adversarial, also if there was none before.</summary>
    internal void LeaveFromBest() => _isAnchored = true;

    /// <summary>
    /// Twice the c at which the nearest point of the linearized boundary would be a minimum, from the gradient at the
    /// clean sample: there <c>2 d = c g</c> with <c>|d| = f / |g|</c>, in units of the range of inputs.
    /// </summary>
    internal double EstimateC()
    {
        double gradientNorm = Perturbations.Length(_s.Gradient) * ((double)_s.High - _s.Low);
        double c = 2 * 2 * Math.Max(-_s.Value + _s.Gap, 1e-6) / (gradientNorm * gradientNorm);
        return double.IsFinite(c) && c > 0 ? Math.Clamp(c, 1e-10, 1e10) : 1;
    }

    internal void GoToAnchor() => (_isAnchored && _s.HasBest ? _s.Best : _s.Clean).CopyTo(_s.X, 0);

    /// <summary>Takes the gradient of the loss at the anchor as direction: s or p then moves along it.</summary>
    internal void Anchor()
    {
        if (_isAnchored)
        {
            SetAnchor(_s.X);
            Array.Clear(_v);
            ClearMoments();
        }

        _isAnchored = true;
        double max = Perturbations.Size(Norm.Linf, _s.Gradient);
        for (int i = 0; i < _direction.Length; i++)
        {
            double g = _s.Gradient[i];
            _direction[i] =
                max == 0 ? 1 : _options.Guidance == Guidance.Sign ? Perturbations.Sign((float)g) : (float)(g / max);
        }
    }

    /// <summary>x' = P(anchor + v * direction), in pixels or through tanh.</summary>
    internal void Place()
    {
        double middle = ((double)_s.Low + _s.High) / 2, half = ((double)_s.High - _s.Low) / 2;
        for (int i = 0; i < _v.Length; i++)
        {
            double w = _anchor[i] + (_v[i] * _direction[i]);
            double x = _options.Variable == AttackVariable.Tanh ? middle + (half * Math.Tanh(w)) : w;
            _s.X[i] = Math.Clamp((float)x, _s.Low, _s.High);
        }
    }

    /// <summary>A step of Adam on |x' - x|^2 + c f(x'), with f = max(-margin loss, -gap).</summary>
    /// <param name="c">Weight of f.</param>
    /// <param name="learningRate">Size of the step, for inputs of 0 to 1.</param>
    /// <returns>The loss at the point that was asked about.</returns>
    internal double Step(double c, double learningRate)
    {
        const double Beta1 = 0.9, Beta2 = 0.999, Tiny = 1e-8;
        _step++;
        NoteBest();
        double unit = Unit, half = ((double)_s.High - _s.Low) / 2,
            rate = learningRate * unit * Math.Sqrt(1 - Math.Pow(Beta2, _step)) / (1 - Math.Pow(Beta1, _step));
        double f = Math.Max(-_s.Value, -_s.Gap), active = -_s.Value > -_s.Gap ? c : 0, squares = 0,
            scale = ((double)_s.High - _s.Low) * ((double)_s.High - _s.Low);
        for (int i = 0; i < _v.Length; i++)
        {
            double d = (double)_s.X[i] - _s.Clean[i];
            squares += d * d;
            double derivative = ((2 * d / scale) - (active * _s.Gradient[i])) * _direction[i];
            if (_options.Variable == AttackVariable.Tanh)
            {
                double t = Math.Tanh(_anchor[i] + (_v[i] * _direction[i]));
                derivative *= half * (1 - (t * t));
            }

            derivative *= unit;
            _first[i] += (1 - Beta1) * (derivative - _first[i]);
            _second[i] += (1 - Beta2) * ((derivative * derivative) - _second[i]);
            double v = _v[i] - (rate * _first[i] / (Math.Sqrt(_second[i]) + Tiny));
            _v[i] = Limited(v, i);
        }

        return (squares / scale) + (c * f);
    }

    /// <summary>
    /// The gradient that was just given is that at the point asked about, which may be the best adversarial so far.
    /// </summary>
    private void NoteBest()
    {
        if (_s.IsAdversarial && _s.Distance < _bestSeen)
        {
            double range = (double)_s.High - _s.Low, gradientNorm = Perturbations.Length(_s.Gradient) * range;
            _s.Gradient.CopyTo(_bestGradient, 0);
            (_bestSeen, BestC) = (_s.Distance, gradientNorm > 0
                ? Math.Clamp(2 * 2 * _s.Distance / range / gradientNorm, 1e-10, 1e10)
                : BestC);
        }
    }

    /// <summary>
    /// In pixels the variable stays where the point is within the bounds; with the sign's guidance it stays zero or
    /// more.
    /// </summary>
    private double Limited(double v, int i)
    {
        v = _isGuided && _options.Guidance == Guidance.Sign ? Math.Max(v, 0) : v;
        if (_options.Variable == AttackVariable.Tanh || _direction[i] == 0)
        {
            return v;
        }

        double x = _anchor[i] + (v * _direction[i]);
        return x < _s.Low
            ? (_s.Low - _anchor[i]) / _direction[i]
            : x > _s.High
            ? (_s.High - _anchor[i]) / _direction[i]
            : v;
    }

    private void SetAnchor(ReadOnlySpan<float> x)
    {
        double middle = ((double)_s.Low + _s.High) / 2, half = ((double)_s.High - _s.Low) / 2;
        for (int i = 0; i < x.Length; i++)
        {
            _anchor[i] = _options.Variable == AttackVariable.Tanh ? Math.Atanh(Inside * (x[i] - middle) / half) : x[i];
        }
    }

    private void ClearMoments()
    {
        Array.Clear(_first);
        Array.Clear(_second);
        _step = 0;
    }
}
