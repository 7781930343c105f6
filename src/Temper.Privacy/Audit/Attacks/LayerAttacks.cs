using System.Globalization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>Runs the attacks on the Aug-Conv layer and returns their findings.</summary>
internal static class LayerAttacks
{
    private const int RowsAtOnce = 512;

    /// <summary>Maximum number of features computed at the same time.</summary>
    private const int FeaturesAtOnce = 1 << 26;

    /// <summary>Maximum features per picture value used to solve for the map; more would only take time.</summary>
    private const int Redundancy = 8;

    /// <summary>
    /// Attacks A and A2: both find the channel order from the layer. A then solves for the whole map, A2 only for the
    /// pictures of some rows.
    /// </summary>
    internal static AttackFinding Unshuffle(
        AuditRows rows, AugConvLayer? layer, LayerColumns? columns, Tensor? weights, bool recoversMap)
    {
        AttackFinding finding = new()
        {
            Name = recoversMap ? "A: channel order, then the map" : "A2: channel order, then the features",
            Needs = "morphed rows, Aug-Conv layer, the developer's weights", Verdict = AttackFinding.NotRun,
            Detail = layer is null ? "the bundle has no layer" : "the developer's weights are not given (--weights)",
            Size = (rows.Map.Channels, rows.Map.Height, rows.Map.Width),
        };
        if (layer is null || columns is null || weights is null)
        {
            return finding;
        }

        if (ChannelMatching.Find(columns, weights) is not var (order, misfit))
        {
            AugConvSizes s = columns.Sizes;

            // A stride beyond the kernel skips pixels: a single output pixel then has all the redundancy.
            bool isRedundant = s.Outputs > s.Channels * Math.Min(s.KernelHeight, s.StrideHeight)
                * Math.Min(s.KernelWidth, s.StrideWidth);
            return finding with
            {
                Verdict = isRedundant ? AttackFinding.NotRun : AttackFinding.NotBroken,
                Detail = isRedundant
                    ? "needs more output pixels together than this audit handles; an outsider may handle them"
                    : "too few output channels per picture value, so the channel order cannot be found",
            };
        }

        Tensor shuffled = AugConvLayer.Shuffled(weights, order);
        Tensor features = layer.Features(Tensor.From(rows.Targets, [rows.Count, rows.Map.Inputs]));
        float[] pictures = recoversMap
            ? ThroughMap(rows, columns, shuffled, layer.Operator.Options)
            : new FeatureInversion(columns.Sizes, shuffled, layer.Operator.Options).Pictures(features);
        double error = AugConvLayer.RelativeError(
            Tensor.From(pictures, [rows.Count, rows.Map.Channels, rows.Map.Height, rows.Map.Width])
                .Conv2d(shuffled, bias: null, layer.Operator.Options).ToArray<float>(),
            features.ToArray<float>());
        string detail = string.Create(
            CultureInfo.InvariantCulture,
            $"order of {order.Length} channels found from the layer (projectors differ by {misfit:G2}); recovered "
            + $"pictures explain the features with a relative error of {error:G2}");
        return rows.TargetTruth is { } truth
            ? (finding with { Detail = detail }).Judged(pictures, truth, rows.Mean)
            : finding with { Detail = detail, Verdict = MorphAudit.ByConsistency(error) };
    }

    /// <summary>Attack B, which does not need the developer's weights.</summary>
    internal static AttackFinding Overlap(AuditRows rows, AugConvLayer? layer, LayerColumns? columns)
    {
        AttackFinding finding = new()
        {
            Name = "B: overlap of patches", Needs = "morphed rows, Aug-Conv layer", Verdict = AttackFinding.NotRun,
            Detail = "the bundle has no layer",
        };
        if (layer is null || columns is null)
        {
            return finding;
        }

        if (PatchOverlap.Find(columns) is not { } attack)
        {
            return finding with
            {
                Detail = "needs stride 1 and at least as many output channels as there are values in a patch",
            };
        }

        (_, _, int height, int width) = attack.Inside;
        Tensor features = layer.Features(Tensor.From(rows.Targets, [rows.Count, rows.Map.Inputs]));
        float[] mixed = attack.Pictures(features.InLayout(Layout.ChannelsLast).Physical(), rows.Count);
        string detail = string.Create(
            CultureInfo.InvariantCulture,
            $"{height}x{width} inner pixels, colors up to one mix for all pictures; neighboring patches differ by "
            + $"{1 - attack.Overlap:G2}");
        finding = finding with { Detail = detail, Size = (rows.Map.Channels, height, width) };
        if (rows.TargetTruth is not { } truth)
        {
            return finding with { Verdict = MorphAudit.ByConsistency(1 - attack.Overlap) };
        }

        float[] inside = Cropped(truth, rows.Map, attack.Inside), mean = Cropped(rows.Mean, rows.Map, attack.Inside);
        return finding.Judged(ColorFit.Apply(mixed, inside, rows.Map.Channels, height * width), inside, mean);
    }

    private static float[] Cropped(float[] pictures, MorphMap map, (int Top, int Left, int Height, int Width) part)
    {
        var result = new List<float>(pictures.Length);
        for (int line = 0; line < pictures.Length / map.Width; line++)
        {
            int y = line % map.Height;
            if (y >= part.Top && y < part.Top + part.Height)
            {
                result.AddRange(pictures.AsSpan((line * map.Width) + part.Left, part.Width));
            }
        }

        return [.. result];
    }

    /// <summary>
    /// Recovers the inverse of the map, some rows at a time, and adds up their products with the morphed rows. The
    /// whole inverse, d x d, would be too large for large pictures.
    /// </summary>
    private static float[] ThroughMap(AuditRows rows, LayerColumns columns, Tensor shuffled, Conv2dOptions options)
    {
        AugConvSizes sizes = columns.Sizes;
        int inputs = rows.Map.Inputs,
            kept = Math.Min(sizes.Outputs, Redundancy * sizes.Channels * sizes.StrideHeight * sizes.StrideWidth);
        Tensor first = Tensor.From(
            shuffled.ToArray<float>()[..(kept * shuffled.Count / sizes.Outputs)],
            [kept, shuffled.Shape[1], shuffled.Shape[2], shuffled.Shape[3]]);
        var inversion = new FeatureInversion(sizes with { Outputs = kept }, first, options);
        float[] targets = rows.Targets, pictures = new float[targets.Length];
        int atOnce = (int)Math.Clamp(FeaturesAtOnce / ((long)sizes.Pixels * kept), 1, RowsAtOnce);
        for (int row = 0; row < inputs && targets.Length > 0; row += atOnce)
        {
            int count = Math.Min(atOnce, inputs - row);
            float[] inverse = inversion.Pictures(columns.Rows(row, count, kept));
            Gemm.Multiply(
                new MatrixView(targets.AsSpan(row), rows.Count, count, stride: inputs),
                new MatrixView(inverse, count, inputs), pictures, accumulate: true);
        }

        return pictures;
    }
}

/// <summary>Removes the unknown color mix of attack B, using one known picture; for scoring only.</summary>
internal static class ColorFit
{
    private const double MinRidge = 1e-13;

    /// <summary>Fits the mix on the known picture with the most contrast and applies it to all pictures.</summary>
    internal static float[] Apply(float[] mixed, float[] truth, int channels, int pixels)
    {
        int size = channels * pixels, count = mixed.Length / size;
        int best = Enumerable.Range(0, count)
            .MaxBy(i => TensorPrimitives.StdDev<float>(truth.AsSpan(i * size, size)));
        double[] gram = new double[channels * channels], right = new double[channels * channels];
        for (int a = 0; a < channels; a++)
        {
            for (int b = 0; b < channels; b++)
            {
                for (int p = 0; p < pixels; p++)
                {
                    double value = mixed[(best * size) + (a * pixels) + p];
                    gram[(a * channels) + b] += value * mixed[(best * size) + (b * pixels) + p];
                    right[(a * channels) + b] += value * truth[(best * size) + (b * pixels) + p];
                }
            }
        }

        new Cholesky(gram, channels, MinRidge).Solve(right, channels);
        float[] result = new float[mixed.Length];
        for (int i = 0; i < mixed.Length; i++)
        {
            (int n, int b, int p) = (i / size, i % size / pixels, i % pixels);
            double sum = 0;
            for (int a = 0; a < channels; a++)
            {
                sum += mixed[(n * size) + (a * pixels) + p] * right[(a * channels) + b];
            }

            result[i] = (float)sum;
        }

        return result;
    }
}
