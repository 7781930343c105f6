using System.Globalization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>Runs the attacks of an outsider who knows some of the pictures, and returns their findings.</summary>
internal static class PairAttacks
{
    /// <summary>Relative error below which recovered unseen pictures count as exact.</summary>
    internal const double Exact = 1e-2;

    /// <summary>If the truth is unknown, 1 of this many pairs is held out to score the result.</summary>
    private const int HeldPart = 20;

    private static readonly double[] Parts = [0.1, 0.25, 0.5, 0.75];
    private static readonly double[] Ridges = [1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1];

    /// <summary>A point of the sweep.</summary>
    /// <param name="Pairs">Number of known pairs.</param>
    /// <param name="Error">Relative error of unseen pictures.</param>
    /// <param name="Ssim">Mean SSIM of unseen pictures.</param>
    internal readonly record struct Point(int Pairs, double Error, double Ssim);

    /// <summary>Recovers unseen pictures from increasing numbers of pairs.</summary>
    internal static AttackFinding Sweep(AuditRows rows, Tensor? pairs)
    {
        AttackFinding finding = New(rows, "pair sweep", "morphed rows and the pictures of some of them");
        if (Known(rows, pairs, out string? missing) is not { } known)
        {
            return finding with { Detail = missing ?? "" };
        }

        int predicted = KnownPairs.Predicted(rows.Map), max = Math.Min(predicted + 2, known.Count);
        float[] found = Recover(rows, known.Pictures, max, known.Targets);
        List<Point> points = Points(rows, known.Pictures, known.Count, known.Targets, known.Expected);
        Point? exact = points.Where(point => point.Error <= Exact).Select(point => (Point?)point).FirstOrDefault();
        string from = exact is { } first ? first.Pairs.ToString(CultureInfo.InvariantCulture)
            : $"more than the {known.Count} available pairs ({(pairs is null ? "--rows" : "--pairs")})";
        return (finding with
        {
            Curve = [.. points.Select(point => (point.Pairs, point.Ssim))],
            Detail = string.Create(CultureInfo.InvariantCulture, $"{max} pairs used, scored on {known.Judge}; "
                + $"{predicted} pairs determine the map; exact from {from}; relative errors by pairs ")
                + string.Join(", ", points.Select(point =>
                    string.Create(CultureInfo.InvariantCulture, $"{point.Pairs}: {point.Error:G2}"))),
        }).Judged(found, known.Expected, known.Mean);
    }

    /// <summary>
    /// Recovers unseen pictures by ridge regression from fewer pairs than determine the map; the ridge is chosen on
    /// held-out pairs.
    /// </summary>
    internal static AttackFinding Learned(AuditRows rows, Tensor? pairs)
    {
        AttackFinding finding = New(
            rows, "learned inversion (ridge)",
            "morphed rows and the pictures of some of them, fewer than determine the map");
        if (Known(rows, pairs, out string? missing) is not { } known)
        {
            return finding with { Detail = missing ?? "" };
        }

        int inputs = rows.Map.Inputs, used = Math.Min(known.Count, Math.Max(2, KnownPairs.Predicted(rows.Map) / 2)),
            held = Math.Max(1, used / 5), trained = used - held;
        if (trained < 1)
        {
            return finding with { Detail = "one pair is not enough to choose a ridge; see the pair sweep" };
        }

        float[] pictures = known.Pictures, heldRows = rows.Rows[(trained * inputs)..(used * inputs)],
            heldPictures = pictures[(trained * inputs)..(used * inputs)];
        double ridge = Ridges.MinBy(candidate => AugConvLayer.RelativeError(
            KnownPairs.Recover(
                rows.Map, pictures.AsSpan(0, trained * inputs), rows.Rows.AsSpan(0, trained * inputs), heldRows,
                candidate), heldPictures));
        float[] found = KnownPairs.Recover(
            rows.Map, pictures.AsSpan(0, used * inputs), rows.Rows.AsSpan(0, used * inputs), known.Targets, ridge);
        return (finding with { Detail = string.Create(
            CultureInfo.InvariantCulture,
            $"{used} pairs, ridge {ridge:G2} chosen on {held} held-out pairs, scored on {known.Judge}") })
            .Judged(found, known.Expected, known.Mean);
    }

    /// <summary>
    /// Computes the points of the sweep: at fractions of the predicted number of pairs, and from 2 below to 2 above it.
    /// </summary>
    internal static List<Point> Points(AuditRows rows, float[] pictures, int count, float[] targets, float[] expected)
    {
        int predicted = KnownPairs.Predicted(rows.Map);
        IEnumerable<int> counts =
            Parts.Select(part => (int)(part * predicted)).Concat(Enumerable.Range(predicted - 2, 5))
            .Where(pairs => pairs >= 1 && pairs <= count).Distinct().Order();
        return
        [
            .. counts.Select(pairs =>
            {
                float[] found = Recover(rows, pictures, pairs, targets);
                return new Point(pairs, AugConvLayer.RelativeError(found, expected), Ssim(rows, found, expected));
            }),
        ];
    }

    private static double Ssim(AuditRows rows, float[] found, float[] expected) =>
        Enumerable.Range(0, found.Length / rows.Map.Inputs).Average(i => PictureQuality.Of(
        found.AsSpan(i * rows.Map.Inputs, rows.Map.Inputs), expected.AsSpan(i * rows.Map.Inputs, rows.Map.Inputs),
        rows.Map.Channels, rows.Map.Height, rows.Map.Width).Ssim);

    private static float[] Recover(AuditRows rows, float[] pictures, int pairs, float[] targets) => KnownPairs.Recover(
        rows.Map, pictures.AsSpan(0, pairs * rows.Map.Inputs), rows.Rows.AsSpan(0, pairs * rows.Map.Inputs), targets);

    private static AttackFinding New(AuditRows rows, string name, string needs) => new()
    {
        Name = name, Needs = needs, Verdict = AttackFinding.NotRun, Detail = "",
        Size = (rows.Map.Channels, rows.Map.Height, rows.Map.Width),
    };

    /// <summary>
    /// Returns the known pictures: the given pairs, or else the first pictures of the truth. The result is scored on
    /// rows without a known pair if the truth is available, or else on the last of the given pairs, as an outsider
    /// would do.
    /// </summary>
    private static KnownPictures? Known(AuditRows rows, Tensor? pairs, out string? missing)
    {
        int inputs = rows.Map.Inputs;
        missing = null;
        if (pairs is null && rows.Truth is { } all && rows.SetCount > 2)
        {
            int taken =
                Math.Min(rows.SetCount - Math.Min(rows.Count, rows.SetCount / 2), KnownPairs.Predicted(rows.Map) + 2);
            return Unseen(rows, all, taken, all);
        }

        if (pairs is null)
        {
            missing = "no pictures are known; give --pairs or --truth";
            return null;
        }

        float[] pictures = Pixels(pairs, inputs);
        int given = Math.Min(pairs.Shape[0], rows.SetCount);
        if (rows.Truth is { } truth && rows.SetCount > 1)
        {
            return Unseen(rows, pictures, Math.Min(given, rows.SetCount - 1), truth);
        }

        if (given < 2)
        {
            missing = "one pair leaves none for scoring; give --truth or more --pairs";
            return null;
        }

        int held = Math.Clamp(given / HeldPart, 1, rows.Count), used = given - held;
        float[] mean = new float[inputs];
        for (int i = 0; i < used; i++)
        {
            TensorPrimitives.MultiplyAdd(pictures.AsSpan(i * inputs, inputs), 1f / used, mean, mean);
        }

        return new KnownPictures(
            pictures, used, rows.Rows[(used * inputs)..(given * inputs)], pictures[(used * inputs)..(given * inputs)],
            mean, $"the last {held} of the pairs");
    }

    private static KnownPictures Unseen(AuditRows rows, float[] pictures, int count, float[] truth)
    {
        int numbers = Math.Min(rows.Count, rows.SetCount - count) * rows.Map.Inputs;
        return new KnownPictures(
            pictures, count, rows.Rows[^numbers..], truth[^numbers..], rows.Mean,
            $"{numbers / rows.Map.Inputs} unseen rows");
    }

    private static float[] Pixels(Tensor pairs, int inputs)
    {
        if (pairs.Rank < 2 || pairs.Count != (long)pairs.Shape[0] * inputs)
        {
            throw new ArgumentException($"audit: the known pictures have the wrong shape (got {pairs.Shape}, expected "
                + $"[k, {inputs}]: the original pictures of the bundle's first k rows)");
        }

        float[] pictures = pairs.To(DType.Float32).ToArray<float>();
        if (pairs.DType == DType.UInt8)
        {
            TensorPrimitives.Multiply<float>(pictures, 1f / 255, pictures);
        }

        return pictures;
    }

    /// <summary>The pictures that an outsider knows, and the pictures used for scoring.</summary>
    /// <param name="Pictures">Pictures of the first rows.</param>
    /// <param name="Count">Number of these pictures that may be used.</param>
    /// <param name="Targets">Morphed rows to recover.</param>
    /// <param name="Expected">Original pictures of these rows.</param>
    /// <param name="Mean">Mean picture.</param>
    /// <param name="Judge">Description of the rows used for scoring.</param>
    private sealed record KnownPictures(
        float[] Pictures, int Count, float[] Targets, float[] Expected, float[] Mean, string Judge);
}
