using System.Globalization;
using System.Numerics.Tensors;
using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;
using Temper.Privacy.Morphing;
using Temper.Tensors;
using Tensor = Temper.Tensors.Tensor;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>
/// Shows what a trainer can see without an attack. The layer's features are those of the plain pictures with permuted
/// channels, and the root mean square over the channels at each pixel does not depend on their order.
/// </summary>
internal static class FeaturePicture
{
    /// <summary>Correlation between pixels with disjoint patches above which shapes are visible.</summary>
    private const double Visible = 0.2;

    /// <summary>Minimum number of pictures for the identification rate to be meaningful.</summary>
    private const int MinPictures = 10;

    internal static AttackFinding Find(AuditRows rows, AugConvLayer? layer)
    {
        AttackFinding finding = new()
        {
            Name = "feature picture", Needs = "morphed rows, Aug-Conv layer", Verdict = AttackFinding.NotRun,
            Detail = "the bundle has no layer",
        };
        if (layer is null)
        {
            return finding;
        }

        AugConvSizes sizes = layer.Operator.Pattern.Sizes;
        Tensor features = layer.Features(Tensor.From(rows.Targets, [rows.Count, rows.Map.Inputs]));
        float[] pictures = Sizes(features.ToArray<float>(), rows.Count, sizes.Outputs, sizes.Pixels);
        if (Structure(pictures, sizes) is not { } structure)
        {
            return finding with { Detail = "the layer's output is too small to measure whether shapes are visible" };
        }

        finding = finding with
        {
            Verdict = structure >= Visible ? AttackFinding.Leaks : AttackFinding.NotBroken,
            Size = (1, sizes.OutHeight, sizes.OutWidth), Pictures = Shown(pictures, sizes.Pixels),
            Detail = "the features are those of the plain pictures; feature pixels without common inputs have a "
                + "correlation of "
                + string.Create(CultureInfo.InvariantCulture, $"{structure:F2} (noise: 0, shapes are visible from "
                + $"{Visible})"),
        };
        return rows.TargetTruth is { } truth
            ? Scored(finding, pictures, Patches(truth, rows.Count, sizes), rows.Count)
            : finding;
    }

    /// <summary>
    /// Adds how many pictures are identified by the features. The true pictures are used for scoring only.
    /// </summary>
    private static AttackFinding Scored(AttackFinding finding, float[] pictures, float[] real, int count)
    {
        int size = pictures.Length / count;
        double told = Enumerable.Range(0, count).Count(i => Nearest(i) == i) / (double)count;
        bool isOften = count >= MinPictures && told >= Math.Min(1, 10.0 / count);
        string part = told.ToString("P0", CultureInfo.InvariantCulture);
        return finding with
        {
            Identification = told, Truth = Shown(real, size), Verdict = isOften ? AttackFinding.Leaks : finding.Verdict,
            Detail = $"{finding.Detail}; {part} of {count} pictures identified by their brightness",
        };

        int Nearest(int i) => Enumerable.Range(0, count).MaxBy(j => Correlation.Of(Of(pictures, i), Of(real, j)));
        ReadOnlySpan<float> Of(float[] all, int i) => all.AsSpan(i * size, size);
    }

    /// <summary>
    /// Computes the root mean square over channels: <c>[N, channels, pixels]</c> to <c>[N, pixels]</c>.
    /// </summary>
    private static float[] Sizes(float[] features, int count, int channels, int pixels)
    {
        float[] pictures = new float[count * pixels];
        for (int n = 0; n < count; n++)
        {
            Span<float> picture = pictures.AsSpan(n * pixels, pixels);
            for (int channel = 0; channel < channels; channel++)
            {
                ReadOnlySpan<float> plane = features.AsSpan(((n * channels) + channel) * pixels, pixels);
                TensorPrimitives.MultiplyAdd(plane, plane, picture, picture);
            }

            TensorPrimitives.Multiply(picture, 1f / channels, picture);
            TensorPrimitives.Sqrt(picture, picture);
        }

        return pictures;
    }

    /// <summary>
    /// Computes the correlation between feature pixels without common inputs, averaged over the pictures. Pixels whose
    /// kernel reaches beyond the border are excluded. Null: there are too few such pixels.
    /// </summary>
    private static double? Structure(float[] pictures, AugConvSizes s)
    {
        (int down, int right) = (Lag(s.KernelHeight, s.StrideHeight), Lag(s.KernelWidth, s.StrideWidth));
        (int top, int left) = (Lag(s.PadTop, s.StrideHeight), Lag(s.PadLeft, s.StrideWidth));
        int bottom = Math.Min(s.OutHeight, ((s.Height - s.KernelHeight + s.PadTop) / s.StrideHeight) + 1);
        int end = Math.Min(s.OutWidth, ((s.Width - s.KernelWidth + s.PadLeft) / s.StrideWidth) + 1);
        (int From, int To)[] pairs =
        [
            .. from y in Enumerable.Range(top, Math.Max(0, bottom - top))
               from x in Enumerable.Range(left, Math.Max(0, end - left))
               from to in ((int Y, int X)[])[(y + down, x), (y, x + right)]
               where to.Y < bottom && to.X < end
               select ((y * s.OutWidth) + x, (to.Y * s.OutWidth) + to.X),
        ];
        const int MinPairs = 16;
        return pairs.Length < MinPairs ? null : Enumerable.Range(0, pictures.Length / s.Pixels).Average(Correlated);

        double Correlated(int n) => Correlation.Of<float>(
            [.. pairs.Select(pair => pictures[(n * s.Pixels) + pair.From])],
            [.. pairs.Select(pair => pictures[(n * s.Pixels) + pair.To])]);

        static int Lag(int length, int stride) => (length + stride - 1) / stride;
    }

    /// <summary>
    /// Computes the root mean square of the patch that each output pixel reads; it grows with the brightness of the
    /// features.
    /// </summary>
    private static float[] Patches(float[] truth, int count, AugConvSizes s)
    {
        float[] found = new float[count * s.Pixels];
        int area = s.KernelHeight * s.KernelWidth;
        for (int i = 0; i < found.Length; i++)
        {
            (int n, int y, int x) = (i / s.Pixels, i % s.Pixels / s.OutWidth, i % s.OutWidth);
            double sum = 0;
            for (int position = 0; position < s.Channels * area; position++)
            {
                (int channel, int u, int v) =
                    (position / area, position / s.KernelWidth % s.KernelHeight, position % s.KernelWidth);
                (int row, int column) = ((y * s.StrideHeight) - s.PadTop + u, (x * s.StrideWidth) - s.PadLeft + v);
                bool isInside = (uint)row < (uint)s.Height && (uint)column < (uint)s.Width;
                int index = (((((n * s.Channels) + channel) * s.Height) + row) * s.Width) + column;
                double value = isInside ? truth[index] : 0;
                sum += value * value;
            }

            found[i] = (float)Math.Sqrt(sum / (s.Channels * area));
        }

        return found;
    }

    /// <summary>Returns the first pictures, each scaled to a maximum of 1.</summary>
    private static float[][] Shown(float[] pictures, int size) =>
    [
        .. Enumerable.Range(0, Math.Min(pictures.Length / size, MorphAudit.ShownPictures)).Select(i =>
        {
            float[] picture = pictures.AsSpan(i * size, size).ToArray();
            TensorPrimitives.Multiply(picture, 1 / Math.Max(TensorPrimitives.Max<float>(picture), 1e-20f), picture);
            return picture;
        }),
    ];
}
