namespace Temper.Kernels.Flow;

/// <summary>
/// Finds the displacements of a grid of patches between two images by inverse compositional descent. The search starts
/// from the current flow or from a neighbor's displacement, whichever matches better. Patches are compared without
/// their mean difference.
/// </summary>
internal sealed unsafe class PatchSearch
{
    /// <summary>Distance between adjacent patches, in pixels.</summary>
    private const int Stride = 3;

    /// <summary>Number of passes over the grid: forward, then backward.</summary>
    private const int Passes = 2;

    /// <summary>Minimum magnitude of a determinant.</summary>
    private const float Least = 1e-3f;

    private readonly Plane<float> _first;
    private readonly Plane<float> _second;
    private readonly Plane<float> _extended;
    private readonly Plane<float> _gx;
    private readonly Plane<float> _gy;
    private readonly int _patch;
    private readonly int _border;
    private readonly int _rows;
    private readonly int _columns;
    private readonly float[] _u;
    private readonly float[] _v;

    /// <summary>Prepares a search. The patch must not be larger than the images.</summary>
    internal PatchSearch(Plane<float> first, Plane<float> second, int patch)
    {
        (_first, _second, _patch, _border) = (first, second, patch, 2 * patch);
        (_rows, _columns) = (1 + ((first.Size.Height - patch) / Stride), 1 + ((first.Size.Width - patch) / Stride));
        (_u, _v) = (new float[_rows * _columns], new float[_rows * _columns]);
        (_gx, _gy) = (new Plane<float>(first.Size), new Plane<float>(first.Size));
        Sobel();
        _extended = Extended();
    }

    /// <summary>Finds the displacement of each patch.</summary>
    internal void Run(Plane<float> u, Plane<float> v, int iterations)
    {
        for (int pass = 0; pass < Passes; pass++)
        {
            int direction = pass == 0 ? 1 : -1, count = _rows * _columns;
            for (int k = 0; k < count; k++)
            {
                int at = pass == 0 ? k : count - 1 - k, row = at / _columns, column = at % _columns;
                if (pass == 0)
                {
                    int y = (row * Stride) + (_patch / 2), x = (column * Stride) + (_patch / 2);
                    (_u[at], _v[at]) = (u.Row(y)[x], v.Row(y)[x]);
                }

                float least = pass == 0 ? float.PositiveInfinity : Compare(row, column, _u[at], _v[at]).Squares;
                Try(at, (pass == 0 ? column > 0 : column < _columns - 1) ? at - direction : -1, ref least);
                Try(at, (pass == 0 ? row > 0 : row < _rows - 1) ? at - (direction * _columns) : -1, ref least);
                Descend(at, iterations / Passes);
            }
        }
    }

    /// <summary>
    /// Computes each pixel's flow: the mean over the patches that cover it, weighted by their match at the pixel.
    /// </summary>
    internal void Densify(Plane<float> u, Plane<float> v)
    {
        (int height, int width) = u.Size;
        for (int y = 0; y < height; y++)
        {
            (int top, int bottom) = Covering(y, _rows);
            for (int x = 0; x < width; x++)
            {
                (int left, int right) = Covering(x, _columns);
                float sumU = 0, sumV = 0, sum = 0, own = _first.Row(y)[x];
                for (int row = top; row <= bottom; row++)
                {
                    for (int at = (row * _columns) + left; at <= (row * _columns) + right; at++)
                    {
                        float weight = 1 / Math.Max(1, Math.Abs(Between(x + _u[at], y + _v[at]) - own));
                        (sumU, sumV, sum) = (sumU + (weight * _u[at]), sumV + (weight * _v[at]), sum + weight);
                    }
                }

                (u.Row(y)[x], v.Row(y)[x]) = (sumU / sum, sumV / sum);
            }
        }
    }

    /// <summary>
    /// Returns the first and last patch that cover a pixel, along one axis. Pixels after the last patch use that patch.
    /// </summary>
    private (int First, int Last) Covering(int place, int count)
    {
        int last = Math.Min(place / Stride, count - 1);
        return (Math.Min(Math.Max(0, (place - _patch + Stride) / Stride), last), last);
    }

    /// <summary>Uses a neighbor's displacement if it matches better.</summary>
    private void Try(int at, int neighbor, ref float least)
    {
        if (neighbor < 0)
        {
            return;
        }

        // In the first pass neighbors replace the current flow without a comparison to it, as in OpenCV.
        float squares = Compare(at / _columns, at % _columns, _u[neighbor], _v[neighbor]).Squares;
        if (squares < least)
        {
            (least, _u[at], _v[at]) = (squares, _u[neighbor], _v[neighbor]);
        }
    }

    private void Descend(int at, int steps)
    {
        (int row, int column) = (at / _columns, at % _columns);
        (float xx, float xy, float yy) = Structure(row, column);
        float determinant = (xx * yy) - (xy * xy), before = float.PositiveInfinity, u = _u[at], v = _v[at];
        determinant = Math.Abs(determinant) < Least ? Least : determinant;
        for (int step = 0; step < steps; step++)
        {
            (float squares, float dx, float dy) = Compare(row, column, u, v);
            (u, v) = (u - (((yy * dx) - (xy * dy)) / determinant), v - (((xx * dy) - (xy * dx)) / determinant));
            if (!(squares < before))
            {
                break;
            }

            before = squares;
        }

        // Discard a displacement that has diverged.
        float farU = u - _u[at], farV = v - _v[at];
        if ((farU * farU) + (farV * farV) <= _patch * _patch)
        {
            (_u[at], _v[at]) = (u, v);
        }
    }

    /// <summary>
    /// Returns the sum of squared differences of a displaced patch, and the products of the differences with the
    /// gradients of the first image. The mean is removed from all of them.
    /// </summary>
    private (float Squares, float Dx, float Dy) Compare(int row, int column, float u, float v)
    {
        int top = row * Stride, left = column * Stride;
        float y = Math.Clamp(top + v, 1 - _patch, _first.Size.Height - 1) + _border;
        float x = Math.Clamp(left + u, 1 - _patch, _first.Size.Width - 1) + _border;
        int y0 = (int)y, x0 = (int)x;
        float below = y - y0, beside = x - x0, w11 = below * beside, w10 = below * (1 - beside);
        float w01 = (1 - below) * beside, w00 = (1 - below) * (1 - beside);
        float sum = 0, squares = 0, dx = 0, dy = 0, sumX = 0, sumY = 0;
        for (int i = 0; i < _patch; i++)
        {
            float* own = _first.Row(top + i) + left, gx = _gx.Row(top + i) + left, gy = _gy.Row(top + i) + left;
            float* upper = _extended.Row(y0 + i) + x0, lower = _extended.Row(y0 + i + 1) + x0;
            for (int j = 0; j < _patch; j++)
            {
                float d = (w00 * upper[j]) + (w01 * upper[j + 1]) + (w10 * lower[j]) + (w11 * lower[j + 1]) - own[j];
                (sum, squares, dx, dy) = (sum + d, squares + (d * d), dx + (d * gx[j]), dy + (d * gy[j]));
                (sumX, sumY) = (sumX + gx[j], sumY + gy[j]);
            }
        }

        float n = _patch * _patch;
        return (squares - (sum * sum / n), dx - (sum * sumX / n), dy - (sum * sumY / n));
    }

    private (float Xx, float Xy, float Yy) Structure(int row, int column)
    {
        float xx = 0, xy = 0, yy = 0;
        for (int i = 0; i < _patch; i++)
        {
            int y = (row * Stride) + i, x = column * Stride;
            float* gx = _gx.Row(y) + x, gy = _gy.Row(y) + x;
            for (int j = 0; j < _patch; j++)
            {
                (xx, xy, yy) = (xx + (gx[j] * gx[j]), xy + (gx[j] * gy[j]), yy + (gy[j] * gy[j]));
            }
        }

        return (xx, xy, yy);
    }

    /// <summary>Interpolates the second image, without its extended border.</summary>
    private float Between(float x, float y)
    {
        (int height, int width) = _second.Size;
        float placeY = Math.Clamp(y, 0, Math.Max(height - 1 - Least, 0)),
            placeX = Math.Clamp(x, 0, Math.Max(width - 1 - Least, 0));
        int top = (int)placeY, left = (int)placeX, right = Math.Min(left + 1, width - 1);
        float* upper = _second.Row(top), lower = _second.Row(Math.Min(top + 1, height - 1));
        float below = placeY - top, beside = placeX - left;
        float above = upper[left] + (beside * (upper[right] - upper[left]));
        float under = lower[left] + (beside * (lower[right] - lower[left]));
        return above + (below * (under - above));
    }

    /// <summary>
    /// Computes the gradients with a Sobel filter. They are eight times the change per pixel, which makes the descent
    /// steps small.
    /// </summary>
    private void Sobel()
    {
        (int height, int width) = _first.Size;
        for (int y = 0; y < height; y++)
        {
            float* up = _first.Row(Mirrored(y - 1, height)), row = _first.Row(y);
            float* down = _first.Row(Mirrored(y + 1, height));
            for (int x = 0; x < width; x++)
            {
                int left = Mirrored(x - 1, width), right = Mirrored(x + 1, width);
                _gx.Row(y)[x] = up[right] - up[left] + (2 * (row[right] - row[left])) + down[right] - down[left];
                _gy.Row(y)[x] = down[left] - up[left] + (2 * (down[x] - up[x])) + down[right] - up[right];
            }
        }
    }

    private static int Mirrored(int place, int length) =>
        length == 1 ? 0 : place < 0 ? -place : place >= length ? (2 * length) - 2 - place : place;

    /// <summary>Extends the second image by repeating its border pixels.</summary>
    private Plane<float> Extended()
    {
        (int height, int width) = _second.Size;
        var result = new Plane<float>(new PlaneSize(height + (2 * _border), width + (2 * _border)));
        for (int y = 0; y < result.Size.Height; y++)
        {
            float* from = _second.Row(Math.Clamp(y - _border, 0, height - 1)), to = result.Row(y);
            for (int x = 0; x < result.Size.Width; x++)
            {
                to[x] = from[Math.Clamp(x - _border, 0, width - 1)];
            }
        }

        return result;
    }
}
