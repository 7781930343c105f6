namespace Temper.Kernels.Flow;

/// <summary>
/// Optical flow by polynomial expansion (Farneback 2003), with the parameters of OpenCV: 11 x 11 neighborhoods with a
/// standard deviation of 1.2, a box window, and reduced weights near the border.
/// </summary>
/// <param name="scales">Maximum number of pyramid levels; levels with a side below 32 pixels are omitted.</param>
/// <param name="scaleStep">Size of a level relative to the next finer one.</param>
/// <param name="window">Side of the window, in pixels.</param>
/// <param name="iterations">Number of iterations per level.</param>
internal sealed unsafe class Farneback(int scales, double scaleStep, int window, int iterations)
{
    private const int SmallestSide = 32;

    private static readonly float[] BorderWeights = [0.14f, 0.14f, 0.4472f, 0.4472f, 0.4472f];

    /// <summary>Computes the flow between two gray images with levels from 0 to 255.</summary>
    internal void Flow(
        PlaneSize size, ReadOnlySpan<float> first, ReadOnlySpan<float> second, Span<float> u, Span<float> v)
    {
        Plane<float> one = Image(size, first), two = Image(size, second);
        Plane<float>[]? flow = null;
        for (int level = Coarsest(size); level >= 0; level--)
        {
            double scale = Math.Pow(scaleStep, level);
            var at = new PlaneSize((int)Math.Round(size.Height * scale), (int)Math.Round(size.Width * scale));
            Plane<float>[] finer = [new(at), new(at)];
            if (flow is not null)
            {
                PlaneSampling.Resize(flow[0], finer[0], (float)(1 / scaleStep));
                PlaneSampling.Resize(flow[1], finer[1], (float)(1 / scaleStep));
            }

            Plane<float>[] from = PolynomialExpansion.Of(Smaller(one, at, scale)),
                to = PolynomialExpansion.Of(Smaller(two, at, scale));
            for (int i = 0; i < iterations; i++)
            {
                Improve(from, to, finer);
            }

            flow = finer;
        }

        flow![0].Read(u);
        flow[1].Read(v);
    }

    /// <summary>Downsamples an image after blurring it as much as the smaller size requires.</summary>
    private static Plane<float> Smaller(Plane<float> image, PlaneSize size, double scale)
    {
        double sigma = ((1 / scale) - 1) * 0.5;
        int length = Math.Max((int)Math.Round(sigma * 5) | 1, 3), reach = length / 2;
        double[] weights = [.. Enumerable.Range(-reach, length).Select(
            k => sigma > 0 ? Math.Exp(-k * k / (2 * sigma * sigma)) : k == 0 ? 2 : 1)];
        float[] positions = [.. weights.Select(weight => (float)(weight / weights.Sum()))];
        Plane<float> blurred = new(image.Size), result = new(size);
        PlaneFilters.Separable<float>(image, positions, new Plane<float>(image.Size), blurred);
        PlaneSampling.Resize(blurred, result, 1f);
        return result;
    }

    /// <summary>
    /// Computes the equations of each pixel from the current flow, sums them over the window and solves them.
    /// </summary>
    private void Improve(Plane<float>[] from, Plane<float>[] to, Plane<float>[] flow)
    {
        (int height, int width) = flow[0].Size;
        Plane<float>[] equations = [.. Enumerable.Range(0, 5).Select(_ => new Plane<float>(flow[0].Size))],
            sums = [.. equations.Select(plane => new Plane<float>(plane.Size))];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                Equation(from, to, flow, x, y, equations);
            }
        }

        var scratch = new Plane<float>(flow[0].Size);
        for (int i = 0; i < 5; i++)
        {
            BoxMean(equations[i], window / 2, scratch, sums[i]);
        }

        for (int i = 0; i < flow[0].Count; i++)
        {
            float g11 = sums[0].First[i], g12 = sums[1].First[i], g22 = sums[2].First[i], h1 = sums[3].First[i],
                h2 = sums[4].First[i];
            float inverse = 1 / ((g11 * g22) - (g12 * g12) + 1e-3f);
            flow[0].First[i] = ((g11 * h2) - (g12 * h1)) * inverse;
            flow[1].First[i] = ((g22 * h1) - (g12 * h2)) * inverse;
        }
    }

    /// <summary>Computes A and b of one pixel (equations 10 to 12 of the paper), as A^T A and A^T b.</summary>
    private static void Equation(
        Plane<float>[] from, Plane<float>[] to, Plane<float>[] flow, int x, int y, Plane<float>[] result)
    {
        (int height, int width) = flow[0].Size;
        float dx = flow[0].Row(y)[x], dy = flow[1].Row(y)[x], fx = x + dx, fy = y + dy;
        int left = (int)MathF.Floor(fx), top = (int)MathF.Floor(fy);
        bool isInside = left >= 0 && left < width - 1 && top >= 0 && top < height - 1;
        float At(int k) => isInside ? Between(to[k], left, top, fx - left, fy - top) : 0;
        float Own(int k) => from[k].Row(y)[x];
        float a11 = isInside ? (Own(2) + At(2)) * 0.5f : Own(2), a22 = isInside ? (Own(3) + At(3)) * 0.5f : Own(3);
        float a12 = isInside ? (Own(4) + At(4)) * 0.25f : Own(4) * 0.5f;
        float b1 = ((Own(0) - At(0)) * 0.5f) + (a11 * dy) + (a12 * dx),
            b2 = ((Own(1) - At(1)) * 0.5f) + (a12 * dy) + (a22 * dx);
        float weight = Border(x, width) * Border(y, height), square = weight * weight;
        result[0].Row(y)[x] = square * ((a11 * a11) + (a12 * a12));
        result[1].Row(y)[x] = square * ((a11 + a22) * a12);
        result[2].Row(y)[x] = square * ((a22 * a22) + (a12 * a12));
        result[3].Row(y)[x] = square * ((a11 * b1) + (a12 * b2));
        result[4].Row(y)[x] = square * ((a12 * b1) + (a22 * b2));
    }

    private static float Border(int position, int length) =>
        (position < BorderWeights.Length ? BorderWeights[position] : 1)
            * (position >= length - BorderWeights.Length ? BorderWeights[length - position - 1] : 1);

    private static float Between(Plane<float> plane, int left, int top, float right, float below)
    {
        float* upper = plane.Row(top) + left, lower = plane.Row(top + 1) + left;
        float above = ((1 - right) * upper[0]) + (right * upper[1]),
            under = ((1 - right) * lower[0]) + (right * lower[1]);
        return ((1 - below) * above) + (below * under);
    }

    /// <summary>
    /// Computes the mean over a square window by running sums. The image is extended by repeating its border pixels.
    /// </summary>
    private static void BoxMean(Plane<float> x, int reach, Plane<float> scratch, Plane<float> y)
    {
        (int height, int width) = x.Size;
        for (int row = 0; row < height; row++)
        {
            Running(x.Row(row), 1, width, reach, scratch.Row(row));
        }

        for (int column = 0; column < width; column++)
        {
            Running(scratch.First + column, x.Size.Stride, height, reach, y.First + column);
        }
    }

    private static void Running(float* from, int stride, int length, int reach, float* to)
    {
        double sum = 0;
        for (int k = -reach; k <= reach; k++)
        {
            sum += from[Math.Clamp(k, 0, length - 1) * stride];
        }

        for (int i = 0; i < length; i++)
        {
            to[i * stride] = (float)(sum / ((2 * reach) + 1));
            sum += from[Math.Min(i + reach + 1, length - 1) * stride] - from[Math.Max(i - reach, 0) * stride];
        }
    }

    private int Coarsest(PlaneSize size)
    {
        int level = 0;
        for (double scale = scaleStep; level < scales - 1
            && Math.Min(size.Height, size.Width) * scale >= SmallestSide; level++)
        {
            scale *= scaleStep;
        }

        return level;
    }

    private static Plane<float> Image(PlaneSize size, ReadOnlySpan<float> pixels)
    {
        var plane = new Plane<float>(size);
        plane.Write(pixels);
        return plane;
    }
}
