using System.Numerics;

namespace Temper.Kernels.Flow;

/// <summary>
/// The residual warped - first - gx u - gy v: the difference between the second image, linearized and evaluated at zero
/// flow, and the first image.
/// </summary>
internal static unsafe class Residuals<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    internal static void Forward(
        Plane<T> warped, Plane<T> first, Plane<T> gx, Plane<T> gy, Plane<T> u, Plane<T> v, Plane<T> to)
    {
        for (int i = 0; i < to.Count; i += Vector<T>.Count)
        {
            Vector<T> linear = (Vector.Load(gx.First + i) * Vector.Load(u.First + i))
                + (Vector.Load(gy.First + i) * Vector.Load(v.First + i));
            (Vector.Load(warped.First + i) - linear - Vector.Load(first.First + i)).Store(to.First + i);
        }
    }

    /// <summary>Subtracts the product d v from a gradient.</summary>
    internal static void SubtractProduct(Plane<T> d, Plane<T> v, Plane<T> to)
    {
        for (int i = 0; i < to.Count; i += Vector<T>.Count)
        {
            (Vector.Load(to.First + i) - (Vector.Load(d.First + i) * Vector.Load(v.First + i))).Store(to.First + i);
        }
    }
}
