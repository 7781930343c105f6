using System.Numerics;

namespace Temper.Kernels.Flow;

/// <summary>
/// Linear filters of planes, extended by repeating their border pixels. The adjoints add to their target.
/// </summary>
internal static unsafe class PlaneFilters
{
    /// <summary>Applies a symmetric filter of odd length along the rows, then along the columns.</summary>
    internal static void Separable<T>(Plane<T> x, ReadOnlySpan<T> positions, Plane<T> scratch, Plane<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        AlongRows(x, positions, scratch);
        AlongColumns(scratch, positions, y);
    }

    /// <summary>Adds the adjoint of <see cref="Separable"/>.</summary>
    internal static void SeparableAdjoint<T>(Plane<T> dy, ReadOnlySpan<T> positions, Plane<T> scratch, Plane<T> dx)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        scratch.Clear();
        int reach = positions.Length / 2, height = dy.Size.Height, width = dy.Size.Width;
        for (int row = 0; row < height; row++)
        {
            for (int k = -reach; k <= reach; k++)
            {
                AddRow(dy.Row(row), positions[k + reach], scratch.Row(Math.Clamp(row + k, 0, height - 1)), width);
            }
        }

        for (int row = 0; row < height; row++)
        {
            T* from = scratch.Row(row), to = dx.Row(row);
            for (int column = 0; column < width; column++)
            {
                for (int k = -reach; k <= reach; k++)
                {
                    to[Math.Clamp(column + k, 0, width - 1)] += positions[k + reach] * from[column];
                }
            }
        }
    }

    /// <summary>
    /// Computes half the difference between the neighbors along x and along y. At the border, the missing neighbor is
    /// the pixel itself.
    /// </summary>
    internal static void CentralGradient<T>(Plane<T> image, Plane<T> gx, Plane<T> gy)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T half = T.CreateChecked(0.5);
        (int height, int width) = image.Size;
        for (int y = 0; y < height; y++)
        {
            T* row = image.Row(y), up = image.Row(Math.Max(y - 1, 0)), down = image.Row(Math.Min(y + 1, height - 1));
            T* toX = gx.Row(y), toY = gy.Row(y);
            for (int x = 0; x < width; x++)
            {
                toX[x] = half * (row[Math.Min(x + 1, width - 1)] - row[Math.Max(x - 1, 0)]);
                toY[x] = half * (down[x] - up[x]);
            }
        }
    }

    /// <summary>Adds the adjoint of <see cref="CentralGradient"/>.</summary>
    internal static void CentralGradientAdjoint<T>(Plane<T> dgx, Plane<T> dgy, Plane<T> image)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T half = T.CreateChecked(0.5);
        (int height, int width) = image.Size;
        for (int y = 0; y < height; y++)
        {
            T* row = image.Row(y), up = image.Row(Math.Max(y - 1, 0)), down = image.Row(Math.Min(y + 1, height - 1));
            T* fromX = dgx.Row(y), fromY = dgy.Row(y);
            for (int x = 0; x < width; x++)
            {
                row[Math.Min(x + 1, width - 1)] += half * fromX[x];
                row[Math.Max(x - 1, 0)] -= half * fromX[x];
                down[x] += half * fromY[x];
                up[x] -= half * fromY[x];
            }
        }
    }

    private static void AlongRows<T>(Plane<T> x, ReadOnlySpan<T> positions, Plane<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int reach = positions.Length / 2, width = x.Size.Width;
        for (int row = 0; row < x.Size.Height; row++)
        {
            T* from = x.Row(row), to = y.Row(row);
            for (int column = 0; column < width; column++)
            {
                T sum = T.Zero;
                for (int k = -reach; k <= reach; k++)
                {
                    sum += positions[k + reach] * from[Math.Clamp(column + k, 0, width - 1)];
                }

                to[column] = sum;
            }
        }
    }

    private static void AlongColumns<T>(Plane<T> x, ReadOnlySpan<T> positions, Plane<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int reach = positions.Length / 2, height = x.Size.Height, width = x.Size.Width;
        for (int row = 0; row < height; row++)
        {
            T* to = y.Row(row);
            new Span<T>(to, width).Clear();
            for (int k = -reach; k <= reach; k++)
            {
                AddRow(x.Row(Math.Clamp(row + k, 0, height - 1)), positions[k + reach], to, width);
            }
        }
    }

    /// <summary>Computes to += factor * from. Rows are padded to whole vectors.</summary>
    private static void AddRow<T>(T* from, T factor, T* to, int width)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var f = new Vector<T>(factor);
        for (int x = 0; x < width; x += Vector<T>.Count)
        {
            (Vector.Load(to + x) + (f * Vector.Load(from + x))).Store(to + x);
        }
    }
}
