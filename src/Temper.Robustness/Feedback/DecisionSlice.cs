using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Data.Images;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Tensors;
using Picture = Temper.Reporting.Documents.Picture;

namespace Temper.Robustness.Feedback;

/// <summary>Draws slices of the decision space: planes through a sample, spanned by two probed directions.</summary>
public static class DecisionSlice
{
    /// <summary>Explanation of the pictures, for reports.</summary>
    public const string Explanation =
        "Planes through a sample (white cross), spanned by two probed directions. Colors show the predicted class; the "
        + "decision boundary is black. Values are clipped to the input bounds.";

    private const int Side = 65;

    private static readonly (byte Red, byte Green, byte Blue)[] Colors =
    [
        (47, 111, 219), (217, 88, 59), (42, 146, 104), (138, 92, 209), (194, 133, 26), (43, 152, 176), (200, 80, 140),
        (120, 130, 60), (90, 100, 160), (160, 100, 80),
    ];

    /// <summary>
    /// Draws slices through the first samples whose paths reach the boundary, one picture per sample.
    /// </summary>
    /// <param name="target">Network to draw; may differ from the probed network.</param>
    /// <param name="found">Probe whose paths determine samples and directions.</param>
    /// <param name="classes">Class names; classes without a name are shown by their index.</param>
    /// <param name="count">Maximum number of slices.</param>
    /// <param name="caption">Prefix of each caption.</param>
    public static IEnumerable<Picture> Of(
        AttackTarget target, ProbeResult found, IReadOnlyList<string> classes, int count, string caption = "")
    {
        int drawn = 0;
        foreach (IGrouping<int, ProbedPath> sample in found.Paths.Where(path => path.Exited
            && path.Point?.Path is Ray).GroupBy(path => path.Sample))
        {
            ProbedPath[] rays =
            [
                .. sample.GroupBy(path => path.Family, StringComparer.Ordinal).Select(group => group.First()).Take(2),
            ];
            if (rays.Length < 2 || drawn >= count)
            {
                continue;
            }

            drawn++;
            int label = rays[0].Label;
            string name = label < classes.Count ? classes[label] : $"{label}";
            yield return new Picture(
                Draw(target, rays[0], rays[1]), $"{caption}{name}: {rays[0].Family} right, {rays[1].Family} up");
        }
    }

    private static byte[] Draw(AttackTarget target, ProbedPath right, ProbedPath up)
    {
        ProbedSample sample = right.Point!.Path.Sample;
        float[] u = Direction(right), v = Direction(up);

        // Orthogonalizes v to u, so that distances in the picture equal those in the input space.
        float along = TensorPrimitives.Dot(u, v);
        TensorPrimitives.MultiplyAdd(u, -along, v, v);
        Ray.Normalize(v);
        int size = sample.Clean.Length;
        double reach = 2.5 * right.Length / (Side / 2);
        // A line at a time: all points of large pictures would take gigabytes.
        float[] x = new float[Side * size], logits = new float[Side * Side * target.Classes];
        for (int row = 0; row < Side; row++)
        {
            for (int column = 0; column < Side; column++)
            {
                Span<float> point = x.AsSpan(column * size, size);
                sample.Clean.CopyTo(point);
                Perturbations.AddScaled(point, u, reach * (column - (Side / 2)));
                Perturbations.AddScaled(point, v, reach * ((Side / 2) - row));
                Perturbations.Clip(point, sample.Low, sample.High);
            }

            target.Scores(x, Side, logits.AsSpan(row * Side * target.Classes, Side * target.Classes));
        }

        return PngEncoder.Encode(new Data.Images.Picture(Side, Side, 3, Pixels(logits, target.Classes)));
    }

    private static float[] Direction(ProbedPath path)
    {
        float[] x = new float[path.Point!.Path.Sample.Clean.Length];
        path.Point.Path.At(path.Point.T, x);
        TensorPrimitives.Subtract(x, path.Point.Path.Sample.Clean, x);
        path.Point.Path.Release();
        Ray.Normalize(x);
        return x;
    }

    private static byte[] Pixels(float[] logits, int classes)
    {
        int[] winners = [.. Enumerable.Range(0, Side * Side).Select(
            i => TensorPrimitives.IndexOfMax(logits.AsSpan(i * classes, classes)))];
        byte[] pixels = new byte[Side * Side * 3];
        for (int i = 0; i < winners.Length; i++)
        {
            (int row, int column) = (i / Side, i % Side);
            bool isBoundary = (column + 1 < Side && winners[i + 1] != winners[i])
                || (row + 1 < Side && winners[i + Side] != winners[i]);
            bool isSample = (row == Side / 2 && Math.Abs(column - (Side / 2)) <= 2)
                || (column == Side / 2 && Math.Abs(row - (Side / 2)) <= 2);
            (byte Red, byte Green, byte Blue) color = isSample
                ? ((byte)255, (byte)255, (byte)255)
                : isBoundary
                ? default
                : Colors[winners[i] % Colors.Length];
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = (color.Red, color.Green, color.Blue);
        }

        return pixels;
    }
}
