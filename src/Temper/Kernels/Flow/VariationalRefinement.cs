namespace Temper.Kernels.Flow;

/// <summary>
/// Variational refinement of a flow, the last stage of dense inverse search (Brox et al. 2004, with the parameters of
/// OpenCV). The data term is the robust constancy of gray levels and of their gradients; the smoothness term is the
/// total variation. The increment is computed by red-black successive over-relaxation.
/// </summary>
internal sealed unsafe class VariationalRefinement
{
    private const float Smoothness = 10, Constancy = 2.5f, SlopeConstancy = 5, Relaxation = 1.6f;

    private const float Damping = 0.01f, Robustness = 1e-6f;

    private const int Sweeps = 5;

    private readonly Plane<float> _u;
    private readonly Plane<float> _v;
    private readonly Plane<float> _du;
    private readonly Plane<float> _dv;
    private readonly Plane<float> _weight;
    private readonly Plane<float>[] _slopes;
    private readonly Plane<float>[] _equations;

    /// <summary>Linearizes the second image around a flow.</summary>
    /// <param name="first">First image, in gray levels.</param>
    /// <param name="second">Second image, in gray levels.</param>
    /// <param name="u">Horizontal flow; updated in place by <see cref="Run"/>.</param>
    /// <param name="v">Vertical flow; updated in place by <see cref="Run"/>.</param>
    internal VariationalRefinement(Plane<float> first, Plane<float> second, Plane<float> u, Plane<float> v)
    {
        (_u, _v, _du, _dv, _weight) = (u, v, New(), New(), New());
        Plane<float> mean = New(), x = New(), y = New(), z = New();
        Plane<float> xx = New(), xy = New(), yy = New(), xz = New(), yz = New();
        PlaneSampling.Warp(second, u, v, z);
        mean.Add(first, 0.5f);
        mean.Add(z, 0.5f);
        z.Add(first, -1);
        Differences(mean, x, y);
        Differences(x, xx, xy);
        Differences(y, null, yy);
        Differences(z, xz, yz);
        _slopes = [x, y, z, xx, xy, yy, xz, yz];
        _equations = [New(), New(), New(), New(), New()];

        Plane<float> New() => new(first.Size);
    }

    /// <summary>Computes the increment in some rounds and adds it to the flow.</summary>
    internal void Run(int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            Data();
            Smooth();
            for (int sweep = 0; sweep < 2 * Sweeps; sweep++)
            {
                Relax(sweep % 2);
            }
        }

        _u.Add(_du, 1);
        _v.Add(_dv, 1);
    }

    /// <summary>
    /// Computes the differences between the two neighbors. The image is extended by repeating its border pixels.
    /// </summary>
    private static void Differences(Plane<float> image, Plane<float>? alongX, Plane<float> alongY)
    {
        (int height, int width) = image.Size;
        for (int y = 0; y < height; y++)
        {
            float* row = image.Row(y), up = image.Row(Math.Max(y - 1, 0));
            float* down = image.Row(Math.Min(y + 1, height - 1));
            for (int x = 0; x < width; x++)
            {
                alongY.Row(y)[x] = down[x] - up[x];
                if (alongX is not null)
                {
                    alongX.Row(y)[x] = row[Math.Min(x + 1, width - 1)] - row[Math.Max(x - 1, 0)];
                }
            }
        }
    }

    /// <summary>
    /// Computes the normal equations of both constancy terms, with weights from the current increment.
    /// </summary>
    private void Data()
    {
        for (int i = 0; i < _du.Count; i++)
        {
            float x = At(0), y = At(1), z = At(2), xx = At(3), xy = At(4), yy = At(5), xz = At(6), yz = At(7);
            float du = _du.First[i], dv = _dv.First[i];
            float norm = (x * x) + (y * y) + Damping, rest = z + (x * du) + (y * dv);
            float weight = Constancy / MathF.Sqrt((rest * rest / norm) + Robustness) / norm;
            float a11 = (weight * x * x) + Damping, a12 = weight * x * y, a22 = (weight * y * y) + Damping;
            float b1 = -weight * z * x, b2 = -weight * z * y;

            float normX = (xx * xx) + (xy * xy) + Damping, normY = (yy * yy) + (xy * xy) + Damping;
            float restX = xz + (xx * du) + (xy * dv), restY = yz + (xy * du) + (yy * dv);
            weight = SlopeConstancy / MathF.Sqrt((restX * restX / normX) + (restY * restY / normY) + Robustness);
            (float wx, float wy) = (weight / normX, weight / normY);
            _equations[0].First[i] = a11 + (wx * xx * xx) + (wy * xy * xy);
            _equations[1].First[i] = a12 + (wx * xx * xy) + (wy * xy * yy);
            _equations[2].First[i] = a22 + (wx * xy * xy) + (wy * yy * yy);
            _equations[3].First[i] = b1 - (wx * xx * xz) - (wy * xy * yz);
            _equations[4].First[i] = b2 - (wx * xy * xz) - (wy * yy * yz);

            float At(int k) => _slopes[k].First[i];
        }
    }

    /// <summary>Adds the smoothness term: a weight couples each pixel to its neighbors.</summary>
    private void Smooth()
    {
        (int height, int width) = _u.Size;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int here = (y * _u.Size.Stride) + x, right = x + 1 < width ? here + 1 : here;
                int below = y + 1 < height ? here + _u.Size.Stride : here;
                float u = Whole(_u, _du, here), ux = Whole(_u, _du, right) - u, uy = Whole(_u, _du, below) - u;
                float v = Whole(_v, _dv, here), vx = Whole(_v, _dv, right) - v, vy = Whole(_v, _dv, below) - v;
                float weight = Smoothness / MathF.Sqrt((ux * ux) + (uy * uy) + (vx * vx) + (vy * vy) + Robustness);
                _weight.First[here] = weight;
                Tie(here, right, weight);
                Tie(here, below, weight);
            }
        }
    }

    private static float Whole(Plane<float> flow, Plane<float> increment, int i) => flow.First[i] + increment.First[i];

    private void Tie(int here, int there, float weight)
    {
        if (here == there)
        {
            return;
        }

        float u = weight * (_u.First[there] - _u.First[here]), v = weight * (_v.First[there] - _v.First[here]);
        Add(0, weight, weight);
        Add(2, weight, weight);
        Add(3, u, -u);
        Add(4, v, -v);

        void Add(int equation, float one, float other)
        {
            _equations[equation].First[here] += one;
            _equations[equation].First[there] += other;
        }
    }

    /// <summary>Updates half of the pixels, those of one color of the checkerboard.</summary>
    private void Relax(int color)
    {
        (int height, int width) = _u.Size;
        int stride = _u.Size.Stride;
        for (int y = 0; y < height; y++)
        {
            for (int x = (y + color) % 2; x < width; x += 2)
            {
                int i = (y * stride) + x;
                float own = _weight.First[i], right = x + 1 < width ? own : 0, down = y + 1 < height ? own : 0;
                float left = x > 0 ? _weight.First[i - 1] : 0, up = y > 0 ? _weight.First[i - stride] : 0;
                float a12 = _equations[1].First[i];
                float du = (Pulled(_du) + _equations[3].First[i] - (_dv.First[i] * a12)) / _equations[0].First[i];
                _du.First[i] += Relaxation * (du - _du.First[i]);
                float dv = (Pulled(_dv) + _equations[4].First[i] - (_du.First[i] * a12)) / _equations[2].First[i];
                _dv.First[i] += Relaxation * (dv - _dv.First[i]);

                // Padding next to the plane has weight zero.
                float Pulled(Plane<float> d) => (left * d.First[i - 1]) + (right * d.First[i + 1])
                    + (y > 0 ? up * d.First[i - stride] : 0) + (y + 1 < height ? down * d.First[i + stride] : 0);
            }
        }
    }
}
