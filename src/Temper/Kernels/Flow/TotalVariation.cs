using System.Numerics;

namespace Temper.Kernels.Flow;

/// <summary>
/// The two steps of the inner iteration of TV-L1 (Zach, Pock, Bischof 2007), and their adjoints, row by row.
/// </summary>
/// <remarks>
/// Primal step: u' = u + d + theta div p, with d = l g, -l g or -rho g / |g|^2 by thresholding, rho = residual + g . u
/// and l = lambda theta. Dual step: p' = (p + t grad u') / (1 + t |grad u'|), with t = tau / theta. Gradients are
/// forward differences; the divergence is their negative adjoint.
/// </remarks>
internal static unsafe class TotalVariation<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>
    /// Value of |g|^2, in squared gray levels, at or below which a pixel contains no information about motion.
    /// </summary>
    private static readonly T Flat = T.CreateChecked(1e-3);

    /// <summary>Added to squared gradient norms, to make the norm differentiable at zero.</summary>
    private static readonly T Tiny = T.CreateChecked(1e-12);

    /// <summary>Computes u' and v'.</summary>
    internal static void Primal(Linearized<T> image, FlowState<T> from, Plane<T> u, Plane<T> v, T limit, T theta)
    {
        PlaneSize size = u.Size;
        T* divU = stackalloc T[size.Stride], divV = stackalloc T[size.Stride];
        Vector<T> l = new(limit), th = new(theta), flat = new(Flat);
        for (int y = 0; y < size.Height; y++)
        {
            Divergence(from.Ux, from.Uy, y, divU);
            Divergence(from.Vx, from.Vy, y, divV);
            T* gxs = image.Gx.Row(y), gys = image.Gy.Row(y), residual = image.Residual.Row(y), us = from.U.Row(y),
                vs = from.V.Row(y);
            for (int x = 0; x < size.Width; x += Vector<T>.Count)
            {
                Vector<T> gx = Vector.Load(gxs + x), gy = Vector.Load(gys + x), oldU = Vector.Load(us + x),
                    oldV = Vector.Load(vs + x);
                Vector<T> step = Step(gx, gy, Vector.Load(residual + x) + (gx * oldU) + (gy * oldV), l, flat);
                (oldU + (step * gx) + (th * Vector.Load(divU + x))).Store(u.Row(y) + x);
                (oldV + (step * gy) + (th * Vector.Load(divV + x))).Store(v.Row(y) + x);
            }
        }
    }

    /// <summary>Computes p' of one component.</summary>
    internal static void Dual(Plane<T> u, Plane<T> px, Plane<T> py, Plane<T> toX, Plane<T> toY, T t)
    {
        PlaneSize size = u.Size;
        T* byX = stackalloc T[size.Stride], byY = stackalloc T[size.Stride];
        Vector<T> factor = new(t), tiny = new(Tiny);
        for (int y = 0; y < size.Height; y++)
        {
            Differences(u, y, byX, byY);
            for (int x = 0; x < size.Width; x += Vector<T>.Count)
            {
                Vector<T> ux = Vector.Load(byX + x), uy = Vector.Load(byY + x);
                Vector<T> q =
                    Vector<T>.One / (Vector<T>.One + (factor * Vector.SquareRoot((ux * ux) + (uy * uy) + tiny)));
                ((Vector.Load(px.Row(y) + x) + (factor * ux)) * q).Store(toX.Row(y) + x);
                ((Vector.Load(py.Row(y) + x) + (factor * uy)) * q).Store(toY.Row(y) + x);
            }
        }
    }

    /// <summary>Adds to the gradients of the image and the state, from the gradients of u' and v'.</summary>
    internal static void PrimalAdjoint(
        Linearized<T> image, FlowState<T> from, Plane<T> du, Plane<T> dv, Linearized<T> dImage, FlowState<T> dFrom,
        T limit, T theta)
    {
        PlaneSize size = du.Size;
        Vector<T> l = new(limit), flat = new(Flat);
        for (int y = 0; y < size.Height; y++)
        {
            T* gxs = image.Gx.Row(y), gys = image.Gy.Row(y);
            for (int x = 0; x < size.Width; x += Vector<T>.Count)
            {
                Vector<T> gx = Vector.Load(gxs + x), gy = Vector.Load(gys + x), u = Vector.Load(from.U.Row(y) + x),
                    v = Vector.Load(from.V.Row(y) + x);
                Vector<T> a = Vector.Load(du.Row(y) + x), b = Vector.Load(dv.Row(y) + x);
                Vector<T> rho = Vector.Load(image.Residual.Row(y) + x) + (gx * u) + (gy * v),
                    square = (gx * gx) + (gy * gy);
                Vector<T> step = Step(gx, gy, rho, l, flat), c = (a * gx) + (b * gy);

                // The gradient of step * g has two terms: the step itself, and the derivative of the step where the
                // step depends on rho.
                Vector<T> depends =
                    Vector.LessThanOrEqual(Vector.Abs(rho), l * square) & Vector.GreaterThan(square, flat);
                Vector<T> inverse =
                    Vector.ConditionalSelect(depends, Vector<T>.One / Vector.Max(square, flat), Vector<T>.Zero);
                Vector<T> dRho = -c * inverse, dSquare = c * rho * inverse * inverse;
                Accumulate(dImage.Residual.Row(y) + x, dRho);
                Accumulate(dImage.Gx.Row(y) + x, (step * a) + (dRho * u) + (dSquare * (gx + gx)));
                Accumulate(dImage.Gy.Row(y) + x, (step * b) + (dRho * v) + (dSquare * (gy + gy)));
                Accumulate(dFrom.U.Row(y) + x, a + (dRho * gx));
                Accumulate(dFrom.V.Row(y) + x, b + (dRho * gy));
            }
        }

        DivergenceAdjoint(du, theta, dFrom.Ux, dFrom.Uy);
        DivergenceAdjoint(dv, theta, dFrom.Vx, dFrom.Vy);
    }

    /// <summary>Adds to the gradients of u' and p, from the gradients of p', for one component.</summary>
    internal static void DualAdjoint(
        Plane<T> u, Plane<T> toX, Plane<T> toY, Plane<T> dToX, Plane<T> dToY, Plane<T> du, Plane<T> dpx, Plane<T> dpy,
        T t)
    {
        (int height, int width) = u.Size;
        T* byX = stackalloc T[u.Size.Stride], byY = stackalloc T[u.Size.Stride];
        Vector<T> factor = new(t), tiny = new(Tiny);
        for (int y = 0; y < height; y++)
        {
            Differences(u, y, byX, byY);
            for (int x = 0; x < width; x += Vector<T>.Count)
            {
                Vector<T> ux = Vector.Load(byX + x), uy = Vector.Load(byY + x),
                    length = Vector.SquareRoot((ux * ux) + (uy * uy) + tiny);
                Vector<T> q = Vector<T>.One / (Vector<T>.One + (factor * length));
                Vector<T> r = Vector.Load(dToX.Row(y) + x) * q, s = Vector.Load(dToY.Row(y) + x) * q;
                Accumulate(dpx.Row(y) + x, r);
                Accumulate(dpy.Row(y) + x, s);
                Vector<T> dLength =
                    -factor * ((r * Vector.Load(toX.Row(y) + x)) + (s * Vector.Load(toY.Row(y) + x))) / length;
                ((factor * r) + (dLength * ux)).Store(byX + x);
                ((factor * s) + (dLength * uy)).Store(byY + x);
            }

            AddDifferencesAdjoint(byX, byY, y, du);
        }
    }

    /// <summary>Computes row y of div p. The values before the first row and column are zero.</summary>
    internal static void Divergence(Plane<T> px, Plane<T> py, int y, T* to)
    {
        T* x0 = px.Row(y), y0 = py.Row(y), up = py.Row(Math.Max(y - 1, 0));
        for (int x = 0; x < px.Size.Width; x += Vector<T>.Count)
        {
            Vector<T> byX = Vector.Load(x0 + x) - Vector.Load(x0 + x - 1), below = Vector.Load(y0 + x);
            (byX + (y == 0 ? below : below - Vector.Load(up + x))).Store(to + x);
        }

        to[0] = x0[0] + (y == 0 ? y0[0] : y0[0] - up[0]);
    }

    /// <summary>Adds the adjoint of <see cref="Divergence"/>, multiplied by a factor.</summary>
    internal static void DivergenceAdjoint(Plane<T> d, T factor, Plane<T> dpx, Plane<T> dpy)
    {
        (int height, int width) = d.Size;
        var f = new Vector<T>(factor);
        for (int y = 0; y < height; y++)
        {
            T* row = d.Row(y), toX = dpx.Row(y), toY = dpy.Row(y);
            T last = toX[width - 1] + (factor * row[width - 1]);
            for (int x = 0; x < width; x += Vector<T>.Count)
            {
                Vector<T> here = Vector.Load(row + x),
                    below = y + 1 < height ? Vector.Load(d.Row(y + 1) + x) : Vector<T>.Zero;
                Accumulate(toX + x, f * (here - Vector.Load(row + x + 1)));
                Accumulate(toY + x, f * (here - below));
            }

            toX[width - 1] = last;
        }
    }

    /// <summary>Computes row y of the forward differences along x and y; zero in the last column and row.</summary>
    internal static void Differences(Plane<T> u, int y, T* byX, T* byY)
    {
        T* row = u.Row(y);
        bool isLast = y + 1 == u.Size.Height;
        for (int x = 0; x < u.Size.Width; x += Vector<T>.Count)
        {
            Vector<T> here = Vector.Load(row + x);
            (Vector.Load(row + x + 1) - here).Store(byX + x);
            (isLast ? Vector<T>.Zero : Vector.Load(row + u.Size.Stride + x) - here).Store(byY + x);
        }

        ClearFrom(byX, u.Size.Width - 1, u.Size.Stride);
        ClearFrom(byY, u.Size.Width, u.Size.Stride);
    }

    private static void AddDifferencesAdjoint(T* byX, T* byY, int y, Plane<T> du)
    {
        int width = du.Size.Width;
        ClearFrom(byX, width - 1, du.Size.Stride);
        ClearFrom(byY, y + 1 == du.Size.Height ? 0 : width, du.Size.Stride);
        T* row = du.Row(y);
        for (int x = 0; x < width; x += Vector<T>.Count)
        {
            Accumulate(row + x, -Vector.Load(byX + x) - Vector.Load(byY + x));
        }

        for (int x = 0; x < width; x += Vector<T>.Count)
        {
            Accumulate(row + x + 1, Vector.Load(byX + x));
        }

        if (y + 1 < du.Size.Height)
        {
            for (int x = 0; x < width; x += Vector<T>.Count)
            {
                Accumulate(row + du.Size.Stride + x, Vector.Load(byY + x));
            }
        }
    }

    /// <summary>Returns the factor of g in the step that reduces the data term.</summary>
    private static Vector<T> Step(Vector<T> gx, Vector<T> gy, Vector<T> rho, Vector<T> limit, Vector<T> flat)
    {
        Vector<T> square = (gx * gx) + (gy * gy), bound = limit * square;
        Vector<T> inner =
            Vector.ConditionalSelect(Vector.GreaterThan(square, flat), -rho / Vector.Max(square, flat), Vector<T>.Zero);
        Vector<T> outer = Vector.ConditionalSelect(Vector.GreaterThan(rho, Vector<T>.Zero), -limit, limit);
        return Vector.ConditionalSelect(Vector.GreaterThan(Vector.Abs(rho), bound), outer, inner);
    }

    private static void Accumulate(T* to, Vector<T> value) => (Vector.Load(to) + value).Store(to);

    private static void ClearFrom(T* row, int first, int end) => new Span<T>(row + first, end - first).Clear();
}

/// <summary>The second image, warped by the current flow and linearized: residual + gx u + gy v.</summary>
internal sealed record Linearized<T>(Plane<T> Gx, Plane<T> Gy, Plane<T> Residual)
    where T : unmanaged, IFloatingPointIeee754<T>;

/// <summary>The flow (u, v), and the dual variables of TV-L1 for both components.</summary>
internal sealed record FlowState<T>(Plane<T> U, Plane<T> V, Plane<T> Ux, Plane<T> Uy, Plane<T> Vx, Plane<T> Vy)
    where T : unmanaged, IFloatingPointIeee754<T>;
