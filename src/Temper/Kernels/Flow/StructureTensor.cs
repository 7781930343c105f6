using System.Numerics;

namespace Temper.Kernels.Flow;

/// <summary>The five products whose sums over a window form the normal equations of Lucas-Kanade (1981).</summary>
internal sealed record Moments<T>(Plane<T> Xx, Plane<T> Xy, Plane<T> Yy, Plane<T> Xt, Plane<T> Yt)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    internal Plane<T>[] All => [Xx, Xy, Yy, Xt, Yt];
}

/// <summary>The products, the 2x2 solution at each pixel, and the adjoints of both.</summary>
internal static unsafe class StructureTensor<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Computes gx^2, gx gy, gy^2, gx e and gy e, with e the warped image minus the first.</summary>
    internal static void Products(Plane<T> gx, Plane<T> gy, Plane<T> e, Moments<T> to)
    {
        for (int i = 0; i < gx.Count; i += Vector<T>.Count)
        {
            Vector<T> x = Vector.Load(gx.First + i), y = Vector.Load(gy.First + i), t = Vector.Load(e.First + i);
            (x * x).Store(to.Xx.First + i);
            (x * y).Store(to.Xy.First + i);
            (y * y).Store(to.Yy.First + i);
            (x * t).Store(to.Xt.First + i);
            (y * t).Store(to.Yt.First + i);
        }
    }

    /// <summary>Adds to the gradients of gx, gy and e.</summary>
    internal static void ProductsAdjoint(
        Plane<T> gx, Plane<T> gy, Plane<T> e, Moments<T> d, Plane<T> dGx, Plane<T> dGy, Plane<T> dE)
    {
        for (int i = 0; i < gx.Count; i += Vector<T>.Count)
        {
            Vector<T> x = Vector.Load(gx.First + i), y = Vector.Load(gy.First + i), t = Vector.Load(e.First + i);
            Vector<T> xx = Vector.Load(d.Xx.First + i), xy = Vector.Load(d.Xy.First + i),
                yy = Vector.Load(d.Yy.First + i);
            Vector<T> xt = Vector.Load(d.Xt.First + i), yt = Vector.Load(d.Yt.First + i);
            Accumulate(dGx.First + i, (xx * (x + x)) + (xy * y) + (xt * t));
            Accumulate(dGy.First + i, (yy * (y + y)) + (xy * x) + (yt * t));
            Accumulate(dE.First + i, (xt * x) + (yt * y));
        }
    }

    /// <summary>Adds the solution d of (A + damping I) d = -b to the flow.</summary>
    internal static void Solve(Moments<T> m, T damping, Plane<T> u, Plane<T> v, Plane<T> toU, Plane<T> toV)
    {
        var eps = new Vector<T>(damping);
        for (int i = 0; i < u.Count; i += Vector<T>.Count)
        {
            Vector<T> a = Vector.Load(m.Xx.First + i) + eps, b = Vector.Load(m.Xy.First + i),
                c = Vector.Load(m.Yy.First + i) + eps;
            Vector<T> p = Vector.Load(m.Xt.First + i), q = Vector.Load(m.Yt.First + i),
                inverse = Vector<T>.One / ((a * c) - (b * b));
            (Vector.Load(u.First + i) - (((c * p) - (b * q)) * inverse)).Store(toU.First + i);
            (Vector.Load(v.First + i) - (((a * q) - (b * p)) * inverse)).Store(toV.First + i);
        }
    }

    /// <summary>Adds to the gradients of the moments and of the flow.</summary>
    internal static void SolveAdjoint(
        Moments<T> m, T damping, Plane<T> dToU, Plane<T> dToV, Moments<T> d, Plane<T> du, Plane<T> dv)
    {
        var eps = new Vector<T>(damping);
        for (int i = 0; i < du.Count; i += Vector<T>.Count)
        {
            Vector<T> a = Vector.Load(m.Xx.First + i) + eps, b = Vector.Load(m.Xy.First + i),
                c = Vector.Load(m.Yy.First + i) + eps;
            Vector<T> p = Vector.Load(m.Xt.First + i), q = Vector.Load(m.Yt.First + i),
                inverse = Vector<T>.One / ((a * c) - (b * b));
            Vector<T> r = Vector.Load(dToU.First + i), s = Vector.Load(dToV.First + i);

            // d = -inv(A) b, so the gradient of b is w = -inv(A) (r, s), and that of A is w d^T, symmetrized here.
            Vector<T> stepU = -((c * p) - (b * q)) * inverse, stepV = -((a * q) - (b * p)) * inverse;
            Vector<T> wu = -((c * r) - (b * s)) * inverse, wv = -((a * s) - (b * r)) * inverse;
            Accumulate(d.Xt.First + i, wu);
            Accumulate(d.Yt.First + i, wv);
            Accumulate(d.Xx.First + i, wu * stepU);
            Accumulate(d.Yy.First + i, wv * stepV);
            Accumulate(d.Xy.First + i, (wu * stepV) + (wv * stepU));
            Accumulate(du.First + i, r);
            Accumulate(dv.First + i, s);
        }
    }

    private static void Accumulate(T* to, Vector<T> value) => (Vector.Load(to) + value).Store(to);
}
