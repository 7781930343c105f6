namespace Temper.Robustness.Attacks;

/// <summary>
/// The Square attack (arXiv:1912.00049): random search with square-shaped changes; needs scores only. A clip <c>[T, C,
/// H, W]</c> is treated as one image with T x C channels, and an input of any other rank as an image of one row.
/// </summary>
public sealed record Square : FixedBudgetAttack
{
    /// <inheritdoc/>
    public override string Name => "square";

    /// <summary>Number of queries per start.</summary>
    public int Queries { get; init; } = 5000;

    /// <summary>Fraction of the pixels covered by the first square.</summary>
    public double FirstPart { get; init; } = 0.8;

    /// <summary>Number of starts.</summary>
    public int Restarts { get; init; } = 1;

    /// <inheritdoc/>
    public override Access Needs => Access.Scores;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    internal override IReadOnlyList<Norm> Norms => [Norm.Linf, Norm.L2];

    internal override void CheckOptions()
    {
        base.CheckOptions();
        Require(Queries >= 1, "queries", Queries, "1 or more");
        Require(FirstPart is > 0 and <= 1, "first part", FirstPart, "above 0, at most 1");
        Require(Restarts >= 1, "restarts", Restarts, "1 or more");
    }

    internal override IEnumerable<Ask> Find(Search s)
    {
        float[] best = s.Vector();
        for (int restart = 0; restart < Restarts; restart++)
        {
            SquareMoves moves = Norm == Norm.Linf ? new SignSquares(s, Epsilon) : new MassSquares(s, Epsilon);
            moves.Begin();
            double min = double.PositiveInfinity;
            for (int query = 0; query < Queries; query++)
            {
                yield return Ask.Scores;
                if (s.Margin < min)
                {
                    min = s.Margin;
                    s.X.CopyTo(best, 0);
                }
                else
                {
                    best.CopyTo(s.X, 0);
                }

                moves.Move(Part(query + 1));
            }
        }
    }

    /// <summary>The fraction of pixels to change: the paper's schedule, stretched to the number of queries.</summary>
    private double Part(int query)
    {
        int[] halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];
        int index = (int)((double)query / Queries * 10_000);
        return FirstPart / (1 << halvings.Count(limit => index > limit));
    }
}

/// <summary>Proposes the changes of the Square attack.</summary>
internal abstract class SquareMoves
{
    private protected SquareMoves(Search s, double radius)
    {
        (S, Radius) = (s, radius);
        (Channels, Height, Width) = s.Shape.Rank switch
        {
            3 => (s.Shape[0], s.Shape[1], s.Shape[2]),
            4 => (s.Shape[0] * s.Shape[1], s.Shape[2], s.Shape[3]),
            _ => (1, 1, s.Clean.Length),
        };
    }

    private protected Search S { get; }

    private protected double Radius { get; }

    private protected int Channels { get; }

    private protected int Height { get; }

    private protected int Width { get; }

    /// <summary>Sets the search's initial point.</summary>
    internal abstract void Begin();

    /// <summary>Changes the search's current point.</summary>
    /// <param name="part">Fraction of the pixels to change.</param>
    internal abstract void Move(double part);

    private protected float RandomSign() => S.Random.NextBoolean() ? 1 : -1;

    /// <summary>Draws a random window with about the given fraction of the pixels.</summary>
    private protected Window Random(double part, int min)
    {
        int side = Math.Max((int)Math.Round(Math.Sqrt(part * Height * Width)), min);
        int height = Math.Min(side, Height),
            width = Height == 1 ? Math.Clamp((int)Math.Round(part * Width), 1, Width) : Math.Min(side, Width);
        return Place(height, width);
    }

    private protected Window Place(int height, int width) =>
        new(S.Random.NextInt32(Height - height + 1), S.Random.NextInt32(Width - width + 1), height, width);

    private protected int Index(int channel, int y, int x) => (((channel * Height) + y) * Width) + x;

    private protected readonly record struct Window(int Top, int Left, int Height, int Width);
}

/// <summary>
/// Squares for the L∞ norm: every pixel of a square moves by plus or minus the radius, with one sign per channel.
/// </summary>
internal sealed class SignSquares(Search s, double radius) : SquareMoves(s, radius)
{
    /// <summary>Starts with vertical stripes.</summary>
    internal override void Begin()
    {
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int x = 0; x < Width; x++)
            {
                float sign = RandomSign();
                for (int y = 0; y < Height; y++)
                {
                    Set(Index(channel, y, x), sign);
                }
            }
        }
    }

    internal override void Move(double part)
    {
        Window window = Random(part, 1);
        for (int channel = 0; channel < Channels; channel++)
        {
            float sign = RandomSign();
            for (int y = window.Top; y < window.Top + window.Height; y++)
            {
                for (int x = window.Left; x < window.Left + window.Width; x++)
                {
                    Set(Index(channel, y, x), sign);
                }
            }
        }
    }

    private void Set(int i, float sign) => S.X[i] = Math.Clamp(S.Clean[i] + (sign * (float)Radius), S.Low, S.High);
}

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
