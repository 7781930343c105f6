namespace Temper.Robustness.Attacks;

/// <summary>Squares for the 2-norm: moves the perturbation of one window to another and adds a new peak.</summary>
internal sealed class MassSquares(Search s, double radius) : SquareMoves(s, radius)
{
    private readonly float[] _d = new float[s.Clean.Length];

    /// <summary>Starts with a grid of peaks.</summary>
    internal override void Begin()
    {
        int side = Math.Max(Math.Min(Height, Width) / 5, 1), across = Height == 1 ? Math.Max(Width / 25, 1) : side;
        Array.Clear(_d);
        for (int top = 0; top + side <= Height; top += side)
        {
            for (int left = 0; left + across <= Width; left += across)
            {
                Add(new Window(top, left, side, across), 1, isReplaced: false);
            }
        }

        Place();
    }

    internal override void Move(double part)
    {
        for (int i = 0; i < _d.Length; i++)
        {
            _d[i] = S.X[i] - S.Clean[i];
        }

        Window to = Random(part, Height == 1 ? 1 : 3), from = Place(to.Height, to.Width);
        double whole = Perturbations.Length(_d), kept = Squares(to);
        double moved = kept + Squares(from, except: to);
        double mass = Math.Sqrt((Math.Max((Radius * Radius) - (whole * whole), 0) + moved) / Channels);
        Clear(from, except: to);
        double scale = kept > 0 ? 1 / Math.Sqrt(kept) : 0;
        Scale(to, (float)scale);
        Add(to, mass, isReplaced: true);
        Place();
    }

    private void Place()
    {
        double length = Perturbations.Length(_d);
        float factor = length > 0 ? (float)(Radius / length) : 0;
        for (int i = 0; i < _d.Length; i++)
        {
            S.X[i] = Math.Clamp(S.Clean[i] + (_d[i] * factor), S.Low, S.High);
        }

        // Clamping only makes the perturbation smaller.
    }

    /// <summary>
    /// Adds a peak of random sign to each channel. With isReplaced, the channel's window is then scaled to a 2-norm of
    /// mass.
    /// </summary>
    private void Add(Window window, double mass, bool isReplaced)
    {
        float[] peak = Peak(window.Height, window.Width);
        for (int channel = 0; channel < Channels; channel++)
        {
            float sign = RandomSign();
            double squares = 0;
            foreach ((int i, int k) in Cells(window, channel))
            {
                _d[i] += sign * peak[k];
                squares += (double)_d[i] * _d[i];
            }

            float factor = isReplaced ? (float)(mass / Math.Sqrt(squares + 1e-24)) : 1;
            foreach ((int i, _) in Cells(window, channel))
            {
                _d[i] *= factor;
            }
        }
    }

    /// <summary>
    /// Builds two adjacent hills of opposite sign (the paper's figure 3), side by side or one above the other with
    /// equal probability.
    /// </summary>
    private float[] Peak(int height, int width)
    {
        float[] peak = new float[height * width];
        bool isUpright = S.Random.NextBoolean();
        double squares = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                (int along, int length) = isUpright ? (y, height) : (x, width);
                (int beside, int breadth) = isUpright ? (x, width) : (y, height);
                int half = length / 2, index = along < half ? along : along - half,
                    room = along < half ? half : length - half;
                double value = Hill(index, room, beside, breadth) * (along < half ? 1 : -1);
                peak[(y * width) + x] = (float)value;
                squares += value * value;
            }
        }

        for (int i = 0; i < peak.Length; i++)
        {
            peak[i] /= (float)Math.Sqrt(squares);
        }

        return peak;
    }

    /// <summary>Sum of 1 / k^2 over the concentric squares that contain the position.</summary>
    private static double Hill(int y, int height, int x, int width)
    {
        int ring = Math.Max(Math.Abs(y - (height / 2)), Math.Abs(x - (width / 2))),
            max = Math.Max(height / 2, width / 2) + 1;
        double sum = 0;
        for (int k = ring; k < Math.Max(max, ring + 1); k++)
        {
            sum += 1.0 / ((k + 1) * (k + 1));
        }

        return sum;
    }

    private double Squares(Window window, Window? except = null)
    {
        double sum = 0;
        for (int channel = 0; channel < Channels; channel++)
        {
            foreach ((int i, _) in Cells(window, channel, except))
            {
                sum += (double)_d[i] * _d[i];
            }
        }

        return sum;
    }

    private void Clear(Window window, Window except)
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            foreach ((int i, _) in Cells(window, channel, except))
            {
                _d[i] = 0;
            }
        }
    }

    private void Scale(Window window, float factor)
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            foreach ((int i, _) in Cells(window, channel))
            {
                _d[i] *= factor;
            }
        }
    }

    private IEnumerable<(int Index, int Cell)> Cells(Window window, int channel, Window? except = null)
    {
        for (int y = window.Top; y < window.Top + window.Height; y++)
        {
            for (int x = window.Left; x < window.Left + window.Width; x++)
            {
                if (except is not { } other || y < other.Top
                    || y >= other.Top + other.Height || x < other.Left || x >= other.Left + other.Width)
                {
                    yield return (Index(channel, y, x), ((y - window.Top) * window.Width) + x - window.Left);
                }
            }
        }
    }
}
