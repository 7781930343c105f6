using System.Globalization;
using System.Numerics.Tensors;
using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;
using Temper.Privacy.Morphing;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>
/// What a trainer sees without any attack: the layer's features are those of the plain pictures, only their channels are in another order, and the mean size of the
/// channels at each pixel has no order.
/// </summary>
internal static class FeaturePicture
{
    /// <summary>Correlation of pixels whose patches have nothing in common from which on shapes are visible: 0 for noise.</summary>
    private const double Visible = 0.2;

    /// <summary>Pictures from which on telling them apart means something.</summary>
    private const int LeastPictures = 10;

    internal static AttackFinding Find(AuditRows rows, AugConvLayer? layer)
    {
        AttackFinding finding = new()
        {
            Name = "feature picture", Needs = "morphed rows, Aug-Conv layer", Verdict = AttackFinding.NotRun, Detail = "the bundle has no layer",
        };
        if (layer is null)
        {
            return finding;
        }

        AugConvSizes sizes = layer.Operator.Pattern.Sizes;
        float[] features = layer.Features(Tensors.Tensor.From(rows.Targets, [rows.Count, rows.Map.Inputs])).ToArray<float>();
        float[] pictures = Sizes(features, rows.Count, sizes.Outputs, sizes.Pixels);
        if (Structure(pictures, sizes) is not { } structure)
        {
            return finding with { Detail = "the layer's output is too small to look for shapes in it" };
        }

        finding = finding with
        {
            Verdict = structure >= Visible ? AttackFinding.Leaks : AttackFinding.NotBroken, Size = (1, sizes.OutHeight, sizes.OutWidth), Pictures = Shown(pictures, sizes.Pixels),
            Detail = string.Create(
                CultureInfo.InvariantCulture, $"the features are those of the plain pictures; pixels of them that share no input correlate by {structure:F2} (noise: 0, shapes from {Visible})"),
        };
        return rows.TargetTruth is { } truth ? Scored(finding, pictures, Patches(truth, rows.Count, sizes), rows.Count) : finding;
    }

    /// <summary>The finding with how many pictures are told by it: the truth is only the scorer.</summary>
    private static AttackFinding Scored(AttackFinding finding, float[] pictures, float[] real, int count)
    {
        int size = pictures.Length / count;
        double told = Enumerable.Range(0, count).Count(i => Enumerable.Range(0, count).MaxBy(j => Correlation.Of(Of(pictures, i), Of(real, j))) == i) / (double)count;
        return finding with
        {
            Identification = told, Truth = Shown(real, size),
            Verdict = count >= LeastPictures && told >= Math.Min(1, 10.0 / count) ? AttackFinding.Leaks : finding.Verdict,
            Detail = string.Create(CultureInfo.InvariantCulture, $"{finding.Detail}; {told:P0} of {count} pictures told by their brightness"),
        };

        ReadOnlySpan<float> Of(float[] all, int i) => all.AsSpan(i * size, size);
    }

    /// <summary>Root mean square over channels: <c>[N, channels, pixels]</c> to <c>[N, pixels]</c>.</summary>
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
    /// Mean over the pictures of the correlation of pixels so far apart that no kernel reads an input of both, without the pixels whose kernel hangs over the
    /// border; null: there are no such pixels.
    /// </summary>
    private static double? Structure(float[] pictures, AugConvSizes s)
    {
        (int down, int right) = (Lag(s.KernelHeight, s.StrideHeight), Lag(s.KernelWidth, s.StrideWidth));
        (int top, int left) = (Lag(s.PadTop, s.StrideHeight), Lag(s.PadLeft, s.StrideWidth));
        int bottom = Math.Min(s.OutHeight, ((s.Height - s.KernelHeight + s.PadTop) / s.StrideHeight) + 1), end = Math.Min(s.OutWidth, ((s.Width - s.KernelWidth + s.PadLeft) / s.StrideWidth) + 1);
        (int From, int To)[] pairs =
        [
            .. from y in Enumerable.Range(top, Math.Max(0, bottom - top))
               from x in Enumerable.Range(left, Math.Max(0, end - left))
               from to in ((int Y, int X)[])[(y + down, x), (y, x + right)]
               where to.Y < bottom && to.X < end
               select ((y * s.OutWidth) + x, (to.Y * s.OutWidth) + to.X),
        ];
        const int LeastPairs = 16;
        return pairs.Length < LeastPairs ? null : Enumerable.Range(0, pictures.Length / s.Pixels).Average(n => Correlation.Of<float>(
            [.. pairs.Select(pair => pictures[(n * s.Pixels) + pair.From])], [.. pairs.Select(pair => pictures[(n * s.Pixels) + pair.To])]));

        static int Lag(int length, int stride) => (length + stride - 1) / stride;
    }

    /// <summary>Root mean square of the patch that each output pixel reads: what its features are larger or smaller with.</summary>
    private static float[] Patches(float[] truth, int count, AugConvSizes s)
    {
        float[] found = new float[count * s.Pixels];
        for (int i = 0; i < found.Length; i++)
        {
            (int n, int y, int x) = (i / s.Pixels, i % s.Pixels / s.OutWidth, i % s.OutWidth);
            double sum = 0;
            for (int tap = 0; tap < s.Channels * s.KernelHeight * s.KernelWidth; tap++)
            {
                (int channel, int u, int v) = (tap / (s.KernelHeight * s.KernelWidth), tap / s.KernelWidth % s.KernelHeight, tap % s.KernelWidth);
                (int row, int column) = ((y * s.StrideHeight) - s.PadTop + u, (x * s.StrideWidth) - s.PadLeft + v);
                bool isInside = (uint)row < (uint)s.Height && (uint)column < (uint)s.Width;
                double value = isInside ? truth[(((((n * s.Channels) + channel) * s.Height) + row) * s.Width) + column] : 0;
                sum += value * value;
            }

            found[i] = (float)Math.Sqrt(sum / (s.Channels * s.KernelHeight * s.KernelWidth));
        }

        return found;
    }

    /// <summary>The first pictures, each scaled to 0 to 1.</summary>
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
