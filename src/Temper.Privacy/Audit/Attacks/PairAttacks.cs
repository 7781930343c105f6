using System.Globalization;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>Attacks of somebody who knows some of the pictures, as findings.</summary>
internal static class PairAttacks
{
    /// <summary>Relative error below which unseen pictures count as exact.</summary>
    internal const double Exact = 1e-2;

    private static readonly double[] Parts = [0.1, 0.25, 0.5, 0.75];
    private static readonly double[] Ridges = [1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1];

    /// <summary>One point of the sweep.</summary>
    /// <param name="Pairs">Known pairs.</param>
    /// <param name="Error">Relative error of unseen pictures.</param>
    internal readonly record struct Point(int Pairs, double Error);

    /// <summary>Recovers unseen pictures from more and more pairs.</summary>
    internal static AttackFinding Sweep(AuditRows rows, Tensor? pairs)
    {
        AttackFinding finding = New(rows, "pair sweep", "morphed rows and the pictures of some of them");
        if (Known(rows, pairs, out string? missing) is not var (pictures, count) || missing is not null)
        {
            return finding with { Detail = missing ?? "" };
        }

        int predicted = KnownPairs.Predicted(rows.Map), unseen = UnseenOf(rows, count);
        int most = Math.Min(predicted + 2, count);
        float[] targets = rows.Rows[^(unseen * rows.Map.Inputs)..];
        float[] found = Recover(rows, pictures, most, targets);
        string detail = string.Create(CultureInfo.InvariantCulture, $"{most} pairs used; by counting, {predicted} determine the map");
        if (rows.Truth is not { } truth)
        {
            return finding with { Verdict = count >= predicted ? AttackFinding.Broken : AttackFinding.NotBroken, Detail = detail };
        }

        float[] expected = truth[^(unseen * rows.Map.Inputs)..];
        List<Point> points = Points(rows, pictures, count, targets, expected);
        Point? exact = points.Where(point => point.Error <= Exact).Select(point => (Point?)point).FirstOrDefault();
        return (finding with
        {
            Detail = $"{detail}; exact from {(exact is { } first ? first.Pairs.ToString(CultureInfo.InvariantCulture) : "more than were read (--rows)")}; relative errors "
                + string.Join(", ", points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.Pairs}: {point.Error:G2}"))),
        }).Judged(found, expected, rows.Mean);
    }

    /// <summary>A ridge regression from fewer pairs than determine the map; its ridge is chosen on pairs that are held out.</summary>
    internal static AttackFinding Learned(AuditRows rows, Tensor? pairs)
    {
        AttackFinding finding = New(rows, "learned inversion (ridge)", "morphed rows and the pictures of some of them, fewer than determine the map");
        if (Known(rows, pairs, out string? missing) is not var (pictures, count) || missing is not null || rows.Truth is not { } truth)
        {
            return finding with { Detail = missing ?? "the truth is not given (--truth)" };
        }

        int inputs = rows.Map.Inputs, used = Math.Min(count, Math.Max(2, KnownPairs.Predicted(rows.Map) / 2)), held = Math.Max(1, used / 5), trained = used - held;
        if (trained < 1)
        {
            return finding with { Detail = "one pair determines the map; see the pair sweep" };
        }

        float[] heldRows = rows.Rows[(trained * inputs)..(used * inputs)], heldPictures = pictures[(trained * inputs)..(used * inputs)];
        double ridge = Ridges.MinBy(candidate => AugConvLayer.RelativeError(
            KnownPairs.Recover(rows.Map, pictures.AsSpan(0, trained * inputs), rows.Rows.AsSpan(0, trained * inputs), heldRows, candidate), heldPictures));
        int unseen = UnseenOf(rows, count);
        float[] found = KnownPairs.Recover(
            rows.Map, pictures.AsSpan(0, used * inputs), rows.Rows.AsSpan(0, used * inputs), rows.Rows.AsSpan()[^(unseen * inputs)..], ridge);
        return (finding with { Detail = string.Create(CultureInfo.InvariantCulture, $"{used} pairs, ridge {ridge:G2} chosen on {held} held out") })
            .Judged(found, truth[^(unseen * inputs)..], rows.Mean);
    }

    /// <summary>The sweep's points: parts of the predicted count, then two before to two behind it.</summary>
    internal static List<Point> Points(AuditRows rows, float[] pictures, int count, float[] targets, float[] expected)
    {
        int predicted = KnownPairs.Predicted(rows.Map);
        IEnumerable<int> counts = Parts.Select(part => (int)(part * predicted)).Concat(Enumerable.Range(predicted - 2, 5))
            .Where(pairs => pairs >= 1 && pairs <= count).Distinct().Order();
        return [.. counts.Select(pairs => new Point(pairs, AugConvLayer.RelativeError(Recover(rows, pictures, pairs, targets), expected)))];
    }

    private static float[] Recover(AuditRows rows, float[] pictures, int pairs, float[] targets) => KnownPairs.Recover(
        rows.Map, pictures.AsSpan(0, pairs * rows.Map.Inputs), rows.Rows.AsSpan(0, pairs * rows.Map.Inputs), targets);

    private static AttackFinding New(AuditRows rows, string name, string needs) => new()
    {
        Name = name, Needs = needs, Verdict = AttackFinding.NotRun, Detail = "", Size = (rows.Map.Channels, rows.Map.Height, rows.Map.Width),
    };

    /// <summary>Rows at the end that no pair is taken from.</summary>
    private static int UnseenOf(AuditRows rows, int count) => Math.Min(rows.Count, rows.SetCount - count);

    /// <summary>The pictures of the first rows: those given, else the truth's, as an outsider may come to know them.</summary>
    private static (float[] Pictures, int Count)? Known(AuditRows rows, Tensor? pairs, out string? missing)
    {
        int inputs = rows.Map.Inputs;
        missing = null;
        if (pairs is not null)
        {
            if (pairs.Rank < 2 || pairs.Count != (long)pairs.Shape[0] * inputs)
            {
                throw new ArgumentException($"audit: the pairs are not pictures of the bundle (got {pairs.Shape}, expected [k, {inputs}], the pictures of the first k rows)");
            }

            float[] pictures = pairs.To(DType.Float32).ToArray<float>();
            if (pairs.DType == DType.UInt8)
            {
                System.Numerics.Tensors.TensorPrimitives.Multiply<float>(pictures, 1f / 255, pictures);
            }

            int given = Math.Min(pairs.Shape[0], rows.SetCount - 1);
            return (pictures, given);
        }

        if (rows.Truth is { } truth && rows.SetCount > 2)
        {
            return (truth, Math.Min(rows.SetCount - Math.Min(rows.Count, rows.SetCount / 2), KnownPairs.Predicted(rows.Map) + 2));
        }

        missing = "no pictures are known (--pairs or --truth)";
        return null;
    }
}
