using System.Globalization;
using Temper.Snooping.Logs;

namespace Temper.Snooping.Proxies;

/// <summary>The object in a stream that the agent most likely controls.</summary>
/// <remarks>
/// Candidates are the channels of a grid and, in images, bands of columns and of rows. A candidate qualifies if it
/// shows exactly one connected object in nearly every frame and the object moves only short distances. Among these, the
/// object whose next move is least predictable from its last move is chosen: a ball keeps flying and an opponent
/// patrols, but the agent decides anew at each step.
/// </remarks>
/// <param name="Name">Description of where the object was found, for display.</param>
/// <param name="Moves">Its move after each step of the log, in rows and columns; null: unknown.</param>
internal sealed record ControlledObject(string Name, IReadOnlyList<(int Rows, int Columns)?> Moves)
{
    private const double MostlyThere = 0.9;

    /// <summary>Longest move of one step, in cells of a grid; scaled up for images.</summary>
    private const int LongestMove = 2;

    private const int LargestGrid = 20;

    internal static ControlledObject? Find(IStateLog log)
    {
        if (log.Stream.FrameShape.Rank != 3)
        {
            return null;
        }

        var best = (Score: 0.0, Found: (ControlledObject?)null);
        foreach (ObjectWindow window in Windows(log))
        {
            (int Rows, int Columns)?[] moves = Follow(log, window);
            double score = Unforeseen(log, moves);
            best = score > best.Score ? (score, new ControlledObject(window.Name, moves)) : best;
        }

        return best.Found;
    }

    /// <summary>
    /// Enumerates the candidates: each whole channel, and in images also bands of 1/12 of the width or height, because
    /// objects share a channel there.
    /// </summary>
    private static IEnumerable<ObjectWindow> Windows(IStateLog log)
    {
        int channels = log.Stream.FrameShape[0], rows = log.Stream.FrameShape[1], columns = log.Stream.FrameShape[2];
        for (int channel = 0; channel < channels; channel++)
        {
            yield return new ObjectWindow(
                string.Create(CultureInfo.InvariantCulture, $"channel {channel}"), channel, 0, rows, 0, columns);
            if (Math.Max(rows, columns) <= LargestGrid)
            {
                continue;
            }

            int width = Math.Max(2, columns / 12), height = Math.Max(2, rows / 12);
            for (int left = 0; left + width <= columns; left += Math.Max(1, width / 2))
            {
                yield return new ObjectWindow(
                    string.Create(CultureInfo.InvariantCulture, $"columns {left} to {left + width - 1}"), channel, 0,
                    rows, left, left + width);
            }

            for (int top = 0; top + height <= rows; top += Math.Max(1, height / 2))
            {
                yield return new ObjectWindow(
                    string.Create(CultureInfo.InvariantCulture, $"rows {top} to {top + height - 1}"), channel, top,
                    top + height, 0, columns);
            }
        }
    }

    /// <summary>
    /// Computes the move from each step to the next of its episode; null if the object is not alone in the window or
    /// jumped.
    /// </summary>
    private static (int, int)?[] Follow(IStateLog log, ObjectWindow window)
    {
        int columns = log.Stream.FrameShape[2],
            longest = Math.Max(LongestMove, Math.Max(log.Stream.FrameShape[1], columns) / 8);
        int plane = log.Stream.FrameShape[1] * columns;
        (int Rows, int Columns)?[] places = [.. Enumerable.Range(0, log.Count).Select(step =>
            window.Locate(log.Observation(step).Slice(window.Channel * plane, plane), columns))];
        var moves = new (int, int)?[log.Count];
        if (places.Count(place => place is not null) < MostlyThere * log.Count)
        {
            return moves;
        }

        for (int step = 0; step + 1 < log.Count; step++)
        {
            if (!log.IsFirst(step + 1) && places[step] is { } here && places[step + 1] is { } there)
            {
                // Positions are in half cells, so that objects of even and odd size are treated alike.
                (int down, int right) = ((there.Rows - here.Rows) / 2, (there.Columns - here.Columns) / 2);
                moves[step] = Math.Abs(down) <= longest && Math.Abs(right) <= longest
                    ? (Math.Sign(down), Math.Sign(right))
                    : null;
            }
        }

        return moves;
    }

    /// <summary>
    /// Computes H(move | last move) in bits: the uncertainty of a move given the previous one. Zero if the moves of
    /// most steps are unknown.
    /// </summary>
    private static double Unforeseen(IStateLog log, (int, int)?[] moves)
    {
        var pairs = new Dictionary<((int, int) Last, (int, int) Next), int>();
        for (int step = 1; step < moves.Length; step++)
        {
            if (moves[step - 1] is { } last && moves[step] is { } next)
            {
                pairs[(last, next)] = pairs.GetValueOrDefault((last, next)) + 1;
            }
        }

        double total = pairs.Values.Sum();
        if (total < MostlyThere * 0.8 * log.Count)
        {
            return 0;
        }

        Dictionary<(int, int), double> lasts = pairs.GroupBy(pair => pair.Key.Last)
            .ToDictionary(group => group.Key, group => (double)group.Sum(pair => pair.Value));
        return pairs.Sum(pair => -pair.Value / total * Math.Log2(pair.Value / lasts[pair.Key.Last]));
    }
}

/// <summary>A region of one channel that is searched for a single object.</summary>
internal readonly record struct ObjectWindow(string Name, int Channel, int Top, int Bottom, int Left, int Right)
{
    private const float Lit = 0.25f;

    /// <summary>
    /// Returns the center of the single connected object in the window, in half cells; null if there is none or more
    /// than one.
    /// </summary>
    internal (int Rows, int Columns)? Locate(ReadOnlySpan<float> plane, int columns)
    {
        int top = int.MaxValue, bottom = -1, left = int.MaxValue, right = -1, lit = 0;
        for (int row = Top; row < Bottom; row++)
        {
            for (int column = Left; column < Right; column++)
            {
                if (plane[(row * columns) + column] > Lit)
                {
                    (top, bottom, left, right, lit) =
                        (Math.Min(top, row), row, Math.Min(left, column), Math.Max(right, column), lit + 1);
                }
            }
        }

        // One object fills at least half of its bounding box; two separate objects leave more of it empty. Walls fill
        // the whole window.
        int box = (bottom - top + 1) * (right - left + 1), window = (Bottom - Top) * (Right - Left);
        return lit > 0 && 2 * lit >= box && 2 * lit <= window ? (top + bottom, left + right) : null;
    }
}
