using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>Measures of the difference between two clips.</summary>
internal static class ClipChange
{
    /// <summary>Side length of the windows for structural similarity, in pixels.</summary>
    private const int Window = 8;

    /// <summary>Returns the number of frames that differ.</summary>
    internal static int Frames(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int frames)
    {
        int size = a.Length / frames, changed = 0;
        for (int frame = 0; frame < frames; frame++)
        {
            changed += a.Slice(frame * size, size).SequenceEqual(b.Slice(frame * size, size)) ? 0 : 1;
        }

        return changed;
    }

    /// <summary>Returns the mean absolute difference of the elements.</summary>
    internal static double Mean(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += Math.Abs((double)a[i] - b[i]);
        }

        return sum / a.Length;
    }

    /// <summary>Returns the similarity averaged over clips <c>[N, T, C, H, W]</c>.</summary>
    internal static ClipSimilarity Similarity(Tensor clean, Tensor changed, double range)
    {
        (int count, int size) = (clean.Shape[0], clean.Count / clean.Shape[0]);
        Shape shape = [.. clean.Shape.Skip(1)];
        double psnr = 0, ssim = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> a = clean.AsSpan<float>().Slice(i * size, size),
                b = changed.AsSpan<float>().Slice(i * size, size);
            (psnr, ssim) = (psnr + (Psnr(a, b, range) / count), ssim + (Ssim(a, b, shape, range) / count));
        }

        return new ClipSimilarity(psnr, ssim);
    }

    /// <summary>Returns the peak signal-to-noise ratio over all frames, in dB; infinite for equal clips.</summary>
    internal static double Psnr(ReadOnlySpan<float> a, ReadOnlySpan<float> b, double range)
    {
        double squares = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double d = (double)a[i] - b[i];
            squares += d * d;
        }

        return 10 * Math.Log10(range * range * a.Length / squares);
    }

    /// <summary>
    /// Returns the structural similarity (Wang et al. 2004), averaged over windows of 8x8 pixels of every plane; 1 for
    /// equal clips.
    /// </summary>
    internal static double Ssim(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Shape shape, double range)
    {
        (int planes, int height, int width) = (shape[0] * shape[1], shape[2], shape[3]);
        int rows = Math.Max(height - Window + 1, 1), columns = Math.Max(width - Window + 1, 1), windows = 0;
        double sum = 0;
        for (int plane = 0; plane < planes; plane++)
        {
            ReadOnlySpan<float> x = a.Slice(plane * height * width, height * width),
                y = b.Slice(plane * height * width, height * width);
            if (x.SequenceEqual(y))
            {
                int here = ((rows + 3) / 4) * ((columns + 3) / 4);
                (sum, windows) = (sum + here, windows + here);
                continue;
            }

            for (int top = 0; top < rows; top += 4)
            {
                for (int left = 0; left < columns; left += 4)
                {
                    sum += Similarity(x, y, width, top, left, Math.Min(Window, height), Math.Min(Window, width), range);
                    windows++;
                }
            }
        }

        return sum / windows;
    }

    private static double Similarity(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, int stride, int top, int left, int height, int width,
        double range)
    {
        double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
        for (int row = top; row < top + height; row++)
        {
            for (int column = left; column < left + width; column++)
            {
                double p = x[(row * stride) + column], q = y[(row * stride) + column];
                (sx, sy, xx, yy, xy) = (sx + p, sy + q, xx + (p * p), yy + (q * q), xy + (p * q));
            }
        }

        int n = height * width;
        double mx = sx / n, my = sy / n, vx = (xx / n) - (mx * mx), vy = (yy / n) - (my * my),
            cov = (xy / n) - (mx * my);
        double c1 = 1e-4 * range * range, c2 = 9e-4 * range * range;
        return ((2 * mx * my) + c1) * ((2 * cov) + c2) / (((mx * mx) + (my * my) + c1) * (vx + vy + c2));
    }
}
