using System.Numerics;

namespace Temper.Kernels.Flow;

/// <summary>
/// One Jacobi step of Horn-Schunck (1981), and its adjoint: <c>u' = m - gx r</c> and <c>v' = n - gy r</c>, with
/// <c>r = (residual + gx m + gy n) / (alpha^2 + gx^2 + gy^2)</c>. m and n are weighted means of u and v over the 8
/// neighbors: weight 1/6 for the edge neighbors, 1/12 for the corners.
/// </summary>
internal static unsafe class HornSchunck<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private static readonly T Side = T.One / T.CreateChecked(6), Corner = T.One / T.CreateChecked(12);

    /// <summary>Computes u' and v'.</summary>
    internal static void Step(Linearized<T> image, Plane<T> u, Plane<T> v, Plane<T> toU, Plane<T> toV, T alphaSquare)
    {
        PlaneSize size = u.Size;
        int rowFloats = size.Stride + (2 * Plane<T>.Padding);
        T* scratch = stackalloc T[2 * rowFloats], meanU = stackalloc T[size.Stride], meanV = stackalloc T[size.Stride];
        var alpha = new Vector<T>(alphaSquare);
        for (int y = 0; y < size.Height; y++)
        {
            Mean(u, y, scratch, rowFloats, meanU);
            Mean(v, y, scratch, rowFloats, meanV);
            for (int x = 0; x < size.Width; x += Vector<T>.Count)
            {
                Vector<T> gx = Vector.Load(image.Gx.Row(y) + x), gy = Vector.Load(image.Gy.Row(y) + x),
                    m = Vector.Load(meanU + x), n = Vector.Load(meanV + x);
                Vector<T> ratio =
                    (Vector.Load(image.Residual.Row(y) + x) + (gx * m) + (gy * n)) / (alpha + (gx * gx) + (gy * gy));
                (m - (gx * ratio)).Store(toU.Row(y) + x);
                (n - (gy * ratio)).Store(toV.Row(y) + x);
            }
        }
    }

    /// <summary>Adds to the gradients of the image, u and v, from the gradients of u' and v'.</summary>
    internal static void StepAdjoint(
        Linearized<T> image, Plane<T> u, Plane<T> v, Plane<T> dToU, Plane<T> dToV, Linearized<T> dImage, Plane<T> du,
        Plane<T> dv, T alphaSquare)
    {
        PlaneSize size = u.Size;
        int rowFloats = size.Stride + (2 * Plane<T>.Padding);
        T* scratch = stackalloc T[2 * rowFloats], meanU = stackalloc T[size.Stride], meanV = stackalloc T[size.Stride];
        var alpha = new Vector<T>(alphaSquare);
        for (int y = 0; y < size.Height; y++)
        {
            Mean(u, y, scratch, rowFloats, meanU);
            Mean(v, y, scratch, rowFloats, meanV);
            for (int x = 0; x < size.Width; x += Vector<T>.Count)
            {
                Vector<T> gx = Vector.Load(image.Gx.Row(y) + x), gy = Vector.Load(image.Gy.Row(y) + x),
                    m = Vector.Load(meanU + x), n = Vector.Load(meanV + x);
                Vector<T> a = Vector.Load(dToU.Row(y) + x), b = Vector.Load(dToV.Row(y) + x),
                    below = alpha + (gx * gx) + (gy * gy);
                Vector<T> ratio = (Vector.Load(image.Residual.Row(y) + x) + (gx * m) + (gy * n)) / below,
                    d = -((a * gx) + (b * gy)) / below;
                Accumulate(dImage.Residual.Row(y) + x, d);
                Accumulate(dImage.Gx.Row(y) + x, (d * m) - (a * ratio) - (d * ratio * (gx + gx)));
                Accumulate(dImage.Gy.Row(y) + x, (d * n) - (b * ratio) - (d * ratio * (gy + gy)));
                (a + (d * gx)).Store(meanU + x);
                (b + (d * gy)).Store(meanV + x);
            }

            MeanAdjoint(meanU, y, scratch, rowFloats, du);
            MeanAdjoint(meanV, y, scratch, rowFloats, dv);
        }
    }

    /// <summary>Computes row y of the weighted mean. The plane is extended by repeating its border pixels.</summary>
    private static void Mean(Plane<T> u, int y, T* scratch, int rowFloats, T* to)
    {
        (int height, int width) = u.Size;
        T* row = u.Row(y), up = u.Row(Math.Max(y - 1, 0)), down = u.Row(Math.Min(y + 1, height - 1));
        T* sums = scratch + Plane<T>.Padding, own = sums + rowFloats;
        for (int x = 0; x < width; x += Vector<T>.Count)
        {
            (Vector.Load(up + x) + Vector.Load(down + x)).Store(sums + x);
            Vector.Load(row + x).Store(own + x);
        }

        (sums[-1], sums[width], own[-1], own[width]) = (sums[0], sums[width - 1], own[0], own[width - 1]);
        Vector<T> side = new(Side), corner = new(Corner);
        for (int x = 0; x < width; x += Vector<T>.Count)
        {
            Vector<T> beside = Vector.Load(sums + x) + Vector.Load(own + x - 1) + Vector.Load(own + x + 1);
            ((side * beside) + (corner * (Vector.Load(sums + x - 1) + Vector.Load(sums + x + 1)))).Store(to + x);
        }
    }

    private static void MeanAdjoint(T* d, int y, T* scratch, int rowFloats, Plane<T> du)
    {
        (int height, int width) = du.Size;
        T* row = du.Row(y), up = du.Row(Math.Max(y - 1, 0)), down = du.Row(Math.Min(y + 1, height - 1)),
            padded = scratch + Plane<T>.Padding;
        new Span<T>(padded - 1, du.Size.Stride + 2).Clear();
        new Span<T>(d, width).CopyTo(new Span<T>(padded, width));
        T first = d[0], last = d[width - 1];
        Vector<T> side = new(Side), corner = new(Corner);
        for (int x = 0; x < width; x += Vector<T>.Count)
        {
            Vector<T> beside = Vector.Load(padded + x - 1) + Vector.Load(padded + x + 1),
                sums = (side * Vector.Load(padded + x)) + (corner * beside);
            Accumulate(row + x, side * beside);
            Accumulate(up + x, sums);
            Accumulate(down + x, sums);
        }

        // Add the contributions to the repeated border pixels.
        row[0] += Side * first;
        up[0] += Corner * first;
        down[0] += Corner * first;
        row[width - 1] += Side * last;
        up[width - 1] += Corner * last;
        down[width - 1] += Corner * last;
    }

    private static void Accumulate(T* to, Vector<T> value) => (Vector.Load(to) + value).Store(to);
}
