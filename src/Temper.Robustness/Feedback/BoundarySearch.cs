using Temper.Robustness.Attacks;

namespace Temper.Robustness.Feedback;

/// <summary>
/// Finds the distance to the decision boundary along a path, d(x, u) = inf { t > 0 : another class wins at x(t) },
/// capped at T, with forward passes only. Doubling finds a point outside the class, a grid up to that point finds exits
/// that doubling skipped, and a final search narrows the bracket.
/// </summary>
/// <remarks>
/// Doubling evaluates the points T / 2^k, which a grid of 16 points reuses. A region of another class that lies between
/// two adjacent grid points is not detected.
/// </remarks>
internal static class BoundarySearch
{
    internal static IEnumerable<Ask> Along(ProbeSearch s, ProbePath path, ProbeOptions options)
    {
        double limit = path.Limit, clean = s.Sample.CleanMargin;
        int halvings = Math.Clamp((int)Math.Ceiling(Math.Log2(limit / path.First)), 4, 20);
        double[] margins = new double[halvings + 1];
        var bracket = new Bracket { Low = 0, LowMargin = clean, High = limit, Winner = s.Sample.Label };

        // Phase 1: doubling.
        for (int k = halvings; k >= 0 && !bracket.HasExit; k--)
        {
            double t = Math.ScaleB(limit, -k);
            path.At(t, s.X);
            yield return Ask.Scores;
            margins[k] = s.Margin;
            bracket.Take(t, s);
        }

        // Phase 2: a grid, searched for the first exit. Up to the last doubling point inside the class, only T / 2^k is
        // known.
        double doubled = bracket.Low, end = bracket.High;
        bool isIsland = false;
        bracket.RestartFrom(0, clean);
        for (int j = 1; j < options.GridPoints && bracket.High == end; j++)
        {
            double t = end * j / options.GridPoints;
            if (Halving(limit, t) is var k && k >= 0 && k <= halvings && t <= doubled)
            {
                bracket.RestartFrom(t, margins[k]);
                continue;
            }

            path.At(t, s.X);
            yield return Ask.Scores;
            isIsland |= s.IsOutside && t <= doubled;
            bracket.Take(t, s);
        }

        if (!bracket.HasExit)
        {
            s.Found = new BoundaryPoint(path, limit, false, false, s.Sample.Label);
            yield break;
        }

        for (int round = 0; round < options.Bisections && !bracket.IsNarrow; round++)
        {
            double t = bracket.Next(round);
            path.At(t, s.X);
            yield return Ask.Scores;
            bracket.Take(t, s);
        }

        s.Found = new BoundaryPoint(path, bracket.High, true, isIsland, bracket.Winner);
    }

    /// <summary>Returns k if t equals T / 2^k exactly; -1 otherwise.</summary>
    private static int Halving(double limit, double t)
    {
        int k = Math.ILogB(limit / t);
        return Math.ScaleB(limit, -k) == t ? k : -1;
    }

    /// <summary>A point inside the class and one outside it, with their margins.</summary>
    private sealed class Bracket
    {
        /// <summary>Relative width at which the search ends: that of twelve bisections.</summary>
        private const double Tolerance = 1.0 / 4096;

        private double _highMargin, _width = double.PositiveInfinity, _widthBefore = double.PositiveInfinity;

        internal required double Low { get; set; }

        internal required double LowMargin { get; set; }

        internal required double High { get; set; }

        internal required int Winner { get; set; }

        internal bool HasExit => _highMargin < 0;

        internal bool IsNarrow => High - Low <= Tolerance * High;

        internal void RestartFrom(double t, double margin) => (Low, LowMargin) = (t, margin);

        internal void Take(double t, ProbeSearch s)
        {
            if (s.IsOutside)
            {
                (High, _highMargin, Winner) = (t, s.Margin, s.Winner);
            }
            else
            {
                (Low, LowMargin) = (t, s.Margin);
            }
        }

        /// <summary>
        /// Returns the next point to evaluate: the zero of the line through both margins, shifted slightly to
        /// alternating sides so that both ends of the bracket move. Bisects if the last two rounds did not halve the
        /// bracket, and always if the margins are only 1 and -1 (decisions).
        /// </summary>
        internal double Next(int round)
        {
            double width = High - Low, push = Tolerance / 4 * High;
            bool isSlow = width > _widthBefore / 2;
            (_widthBefore, _width) = (isSlow ? double.PositiveInfinity : _width, width);
            double zero = Low + (width * LowMargin / (LowMargin - _highMargin)) + (round % 2 == 0 ? push : -push);
            return isSlow || !(zero > Low && zero < High) ? Low + (width / 2) : zero;
        }
    }
}
