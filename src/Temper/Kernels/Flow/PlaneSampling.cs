using System.Numerics;

namespace Temper.Kernels.Flow;

/// <summary>
/// Bilinear sampling of planes, extended by repeating their border pixels. The adjoints add to their target.
/// </summary>
internal static unsafe class PlaneSampling
{
    /// <summary>
    /// Resizes a plane and multiplies it by a factor. Pixels are areas: at half the size, a pixel is the mean of 2x2
    /// pixels.
    /// </summary>
    internal static void Resize<T>(Plane<T> x, Plane<T> y, T factor)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int row = 0; row < y.Size.Height; row++)
        {
            (int top, int bottom, T below) = Neighbors<T>(row, y.Size.Height, x.Size.Height);
            T* upper = x.Row(top), lower = x.Row(bottom), to = y.Row(row);
            for (int column = 0; column < y.Size.Width; column++)
            {
                (int left, int right, T beside) = Neighbors<T>(column, y.Size.Width, x.Size.Width);
                T above = upper[left] + (beside * (upper[right] - upper[left]));
                T under = lower[left] + (beside * (lower[right] - lower[left]));
                to[column] = factor * (above + (below * (under - above)));
            }
        }
    }

    /// <summary>Adds the adjoint of <see cref="Resize"/>.</summary>
    internal static void ResizeAdjoint<T>(Plane<T> dy, Plane<T> dx, T factor)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int row = 0; row < dy.Size.Height; row++)
        {
            (int top, int bottom, T below) = Neighbors<T>(row, dy.Size.Height, dx.Size.Height);
            T* upper = dx.Row(top), lower = dx.Row(bottom), from = dy.Row(row);
            for (int column = 0; column < dy.Size.Width; column++)
            {
                (int left, int right, T beside) = Neighbors<T>(column, dy.Size.Width, dx.Size.Width);
                T g = factor * from[column], under = below * g, above = g - under;
                upper[right] += beside * above;
                upper[left] += above - (beside * above);
                lower[right] += beside * under;
                lower[left] += under - (beside * under);
            }
        }
    }

    /// <summary>Computes y(p) = x(p + flow(p)).</summary>
    internal static void Warp<T>(Plane<T> x, Plane<T> u, Plane<T> v, Plane<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        (int height, int width) = x.Size;
        for (int row = 0; row < height; row++)
        {
            T* to = y.Row(row), byX = u.Row(row), byY = v.Row(row);
            for (int column = 0; column < width; column++)
            {
                var at = new Positions<T>(
                    T.CreateTruncating(column) + byX[column], T.CreateTruncating(row) + byY[column], width, height);
                T* upper = x.Row(at.Top), lower = x.Row(at.Bottom);
                T above = upper[at.Left] + (at.Beside * (upper[at.Right] - upper[at.Left]));
                T under = lower[at.Left] + (at.Beside * (lower[at.Right] - lower[at.Left]));
                to[column] = above + (at.Below * (under - above));
            }
        }
    }

    /// <summary>
    /// Adds the gradients of <see cref="Warp"/> with respect to the image and the flow; null: not needed.
    /// </summary>
    internal static void WarpAdjoint<T>(
        Plane<T> x, Plane<T> u, Plane<T> v, Plane<T> dy, Plane<T>? dx, Plane<T>? du, Plane<T>? dv)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        (int height, int width) = x.Size;
        for (int row = 0; row < height; row++)
        {
            T* from = dy.Row(row), byX = u.Row(row), byY = v.Row(row);
            for (int column = 0; column < width; column++)
            {
                var at = new Positions<T>(
                    T.CreateTruncating(column) + byX[column], T.CreateTruncating(row) + byY[column], width, height);
                T g = from[column];
                if (dx is not null)
                {
                    T under = at.Below * g, above = g - under;
                    dx.Row(at.Top)[at.Right] += at.Beside * above;
                    dx.Row(at.Top)[at.Left] += above - (at.Beside * above);
                    dx.Row(at.Bottom)[at.Right] += at.Beside * under;
                    dx.Row(at.Bottom)[at.Left] += under - (at.Beside * under);
                }

                if (du is not null && dv is not null)
                {
                    T* upper = x.Row(at.Top), lower = x.Row(at.Bottom);
                    T above = upper[at.Right] - upper[at.Left], under = lower[at.Right] - lower[at.Left];
                    du.Row(row)[column] += at.IsInsideX ? g * (above + (at.Below * (under - above))) : T.Zero;
                    T left = lower[at.Left] - upper[at.Left], right = lower[at.Right] - upper[at.Right];
                    dv.Row(row)[column] += at.IsInsideY ? g * (left + (at.Beside * (right - left))) : T.Zero;
                }
            }
        }
    }

    /// <summary>Returns the two source pixels next to an output pixel's center, and the weight of the second.</summary>
    private static (int First, int Second, T Part) Neighbors<T>(int index, int length, int source)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        double position = Math.Clamp((((index + 0.5) * source) / length) - 0.5, 0, source - 1);
        int first = (int)position;
        return (first, Math.Min(first + 1, source - 1), T.CreateTruncating(position - first));
    }

    /// <summary>The four pixels around a position, and the interpolation weights between them.</summary>
    private readonly ref struct Positions<T>
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        internal Positions(T x, T y, int width, int height)
        {
            // NaN fails both comparisons and counts as outside.
            T maxX = T.CreateTruncating(width - 1), maxY = T.CreateTruncating(height - 1);
            (IsInsideX, IsInsideY) = (x >= T.Zero && x < maxX, y >= T.Zero && y < maxY);
            T clampedX = IsInsideX ? x : x >= maxX ? maxX : T.Zero,
                clampedY = IsInsideY ? y : y >= maxY ? maxY : T.Zero;
            (Left, Top) = (int.CreateTruncating(clampedX), int.CreateTruncating(clampedY));
            (Right, Bottom) = (Math.Min(Left + 1, width - 1), Math.Min(Top + 1, height - 1));
            (Beside, Below) = (clampedX - T.CreateTruncating(Left), clampedY - T.CreateTruncating(Top));
        }

        internal readonly int Left, Right, Top, Bottom;
        internal readonly T Beside, Below;
        internal readonly bool IsInsideX, IsInsideY;
    }
}
