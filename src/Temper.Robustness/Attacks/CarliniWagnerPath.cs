namespace Temper.Robustness.Attacks;

/// <summary>
/// The optimization variable of a Carlini-Wagner search: its start, its conversion to an input, and Adam's steps. With
/// guidance, each element of the variable is multiplied by its own direction.
/// </summary>
internal sealed class CarliniWagnerPath
{
    /// <summary>Keeps artanh finite: inputs at their bounds are moved inward by about a millionth.</summary>
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

    /// <summary>Unit of the learning rate: the range of the inputs in pixel space, 1 in tanh space.</summary>
    private double Unit => _options.Variable == AttackVariable.Pixel ? (double)_s.High - _s.Low : 1;

    /// <summary>
    /// Restarts the search for another c. Guidance is dropped if nothing was found with it: an input whose gradient at
    /// the clean sample is about zero hardly moves, whatever its later gradients, so a larger c would fail as well.
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

    /// <summary>Twice the c for which the best adversarial example is a minimum: <c>2 d = c g</c> at that c.</summary>
    internal double BestC { get; private set; } = 1;

    /// <summary>
    /// Returns Adam's learning rate for inputs scaled to 0 to 1: the given one, or a third of the expected distance,
    /// divided by the length of a step in all inputs.
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
    /// Updates the expected distance after the search for one c. The next search looks closer to the best adversarial
    /// example, or farther away if none was found.
    /// </summary>
    internal void EndSearch(int search) =>
        _reach = _s.HasBest ? _s.BestDistance * Math.Pow(0.5, search + 1) : 3 * _reach;

    /// <summary>
    /// Starts at the best adversarial example and takes guidance from its gradient. A changed input keeps at least a
    /// weight proportional to its change, so that it can return even if its gradient has become small.
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

    /// <summary>Whether this step evaluates the gradient at an anchor.</summary>
    internal bool IsAnchoring(int search, int step) => _isGuided
        && (!_isAnchored || (_options.Refresh > 0 && step > 0 && step % _options.Refresh == 0 && _s.HasBest));

    /// <summary>Makes the best adversarial example the next anchor, even if there was none before.</summary>
    internal void LeaveFromBest() => _isAnchored = true;

    /// <summary>
    /// Estimates twice the c for which the nearest point of the linearized boundary is a minimum, from the gradient at
    /// the clean sample: <c>2 d = c g</c> with <c>|d| = f / |g|</c>, in units of the input range.
    /// </summary>
    internal double EstimateC()
    {
        double gradientNorm = Perturbations.Length(_s.Gradient) * ((double)_s.High - _s.Low);
        double c = 2 * 2 * Math.Max(-_s.Value + _s.Gap, 1e-6) / (gradientNorm * gradientNorm);
        return double.IsFinite(c) && c > 0 ? Math.Clamp(c, 1e-10, 1e10) : 1;
    }

    /// <summary>Moves the input to the current point, or to the next anchor.</summary>
    internal void Move(bool toAnchor)
    {
        if (toAnchor)
        {
            (_isAnchored && _s.HasBest ? _s.Best : _s.Clean).CopyTo(_s.X, 0);
        }
        else
        {
            Place();
        }
    }

    /// <summary>
    /// Uses the gradient of the loss at the anchor as the direction along which s or p moves the input.
    /// </summary>
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

    /// <summary>Sets x' = P(anchor + v * direction), in pixel space or through tanh.</summary>
    private void Place()
    {
        double middle = ((double)_s.Low + _s.High) / 2, half = ((double)_s.High - _s.Low) / 2;
        for (int i = 0; i < _v.Length; i++)
        {
            double w = _anchor[i] + (_v[i] * _direction[i]);
            double x = _options.Variable == AttackVariable.Tanh ? middle + (half * Math.Tanh(w)) : w;
            _s.X[i] = Math.Clamp((float)x, _s.Low, _s.High);
        }
    }

    /// <summary>Takes one Adam step on |x' - x|^2 + c f(x'), with f = max(-margin loss, -gap).</summary>
    /// <param name="c">Weight of f.</param>
    /// <param name="learningRate">Learning rate for inputs scaled to 0 to 1.</param>
    /// <returns>The loss before the step.</returns>
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

    /// <summary>Keeps the gradient of the current point if this point is the best adversarial example so far.</summary>
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
    /// Limits the variable so that the point stays within the bounds (in pixel space) and, with
    /// <see cref="Guidance.Sign"/>, so that the variable is zero or more.
    /// </summary>
    private double Limited(double v, int i)
    {
        v = _isGuided && _options.Guidance == Guidance.Sign ? Math.Max(v, 0) : v;
        if (_options.Variable == AttackVariable.Tanh || _direction[i] == 0)
        {
            return v;
        }

        double x = _anchor[i] + (v * _direction[i]);
        return x < _s.Low ? (_s.Low - _anchor[i]) / _direction[i]
            : x > _s.High ? (_s.High - _anchor[i]) / _direction[i]
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
