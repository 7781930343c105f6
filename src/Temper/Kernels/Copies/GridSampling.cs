namespace Temper.Kernels;

/// <summary>Conversion of sampling grid coordinates, -1 to 1, to pixel positions along one axis of an image.</summary>
/// <param name="Length">Length of the axis, in pixels.</param>
/// <param name="AlignsCorners">
/// Whether -1 and 1 are the centers of the first and last pixel (true) or their outer edges (false).
/// </param>
/// <param name="Reflects">Whether positions outside the image are mirrored at its edges.</param>
/// <param name="Clamps">
/// Whether positions beyond the centers of the first and last pixel are moved to these centers.
/// </param>
internal readonly record struct GridAxis(int Length, bool AlignsCorners, bool Reflects, bool Clamps)
{
    /// <summary>
    /// Position limit, beyond the length of any image; float32 cannot represent fractions of pixels above it.
    /// </summary>
    private const float Far = 1 << 24;

    /// <summary>
    /// Returns the position of a coordinate, in pixels, and its derivative. NaN gives a position outside the image.
    /// </summary>
    internal (float Position, float Derivative) Locate(float coordinate)
    {
        float derivative = (AlignsCorners ? Length - 1 : Length) * 0.5f;
        float position =
            AlignsCorners ? (coordinate + 1) * 0.5f * (Length - 1) : (((coordinate + 1) * Length) - 1) * 0.5f;
        if (Reflects)
        {
            (position, float sign) = Reflected(position);
            derivative *= sign;
        }

        if (Clamps)
        {
            derivative = position <= 0 || position >= Length - 1 ? 0 : derivative;
            position = Math.Clamp(position, 0, Length - 1);
        }

        return MathF.Abs(position) < Far ? (position, derivative) : (-Far, 0);
    }

    private (float Position, float Sign) Reflected(float position)
    {
        float low = AlignsCorners ? 0 : -0.5f, span = AlignsCorners ? Length - 1 : Length;
        if (span == 0)
        {
            return (0, 0);
        }

        float sign = position < low ? -1 : 1, distance = MathF.Abs(position - low) % (2 * span);
        return distance <= span ? (low + distance, sign) : (low + (2 * span) - distance, -sign);
    }
}

/// <summary>
/// The pixels of an image that a grid point reads, at most four, with their weights and the derivatives of the weights.
/// </summary>
internal unsafe struct GridCorners
{
    internal fixed int Offset[4];

    internal fixed float Weight[4];

    /// <summary>Derivative of each weight with respect to the grid's x coordinate (horizontal).</summary>
    internal fixed float ByX[4];

    /// <summary>Derivative of each weight with respect to the grid's y coordinate (vertical).</summary>
    internal fixed float ByY[4];

    /// <summary>Number of pixels inside the image; pixels outside count as zero.</summary>
    internal int Count;

    internal void Find(in GridShape shape, float* point)
    {
        Count = 0;
        (float x, float derivativeX) = shape.Columns.Locate(point[0]);
        (float y, float derivativeY) = shape.Rows.Locate(point[1]);
        if (shape.IsNearest)
        {
            Add(shape, (int)MathF.Round(y), (int)MathF.Round(x), 1, 0, 0);
            return;
        }

        int left = (int)MathF.Floor(x), top = (int)MathF.Floor(y);
        float right = x - left, below = y - top;
        Add(shape, top, left, (1 - below) * (1 - right), -(1 - below) * derivativeX, -(1 - right) * derivativeY);
        Add(shape, top, left + 1, (1 - below) * right, (1 - below) * derivativeX, -right * derivativeY);
        Add(shape, top + 1, left, below * (1 - right), -below * derivativeX, (1 - right) * derivativeY);
        Add(shape, top + 1, left + 1, below * right, below * derivativeX, right * derivativeY);
    }

    private void Add(in GridShape shape, int row, int column, float weight, float byX, float byY)
    {
        if ((uint)row < (uint)shape.Rows.Length && (uint)column < (uint)shape.Columns.Length)
        {
            Offset[Count] = (row * shape.Columns.Length) + column;
            (Weight[Count], ByX[Count], ByY[Count]) = (weight, byX, byY);
            Count++;
        }
    }
}

/// <summary>
/// Sizes of a sampling: images <c>[N, C, H, W]</c>, grids <c>[N, points, 2]</c>, results <c>[N, C, points]</c>.
/// </summary>
internal readonly record struct GridShape(
    int Samples, int Channels, int Points, GridAxis Rows, GridAxis Columns, bool IsNearest)
{
    internal int Pixels => Rows.Length * Columns.Length;

    /// <summary>Throws if the lengths of the operands do not match these sizes.</summary>
    internal void Require(int images, int grids, int results)
    {
        Elementwise.RequireLength(images, Samples * Channels * Pixels);
        Elementwise.RequireLength(grids, Samples * Points * 2);
        Elementwise.RequireLength(results, Samples * Channels * Points);
    }
}

/// <summary>
/// Samples images at the points of a grid (Jaderberg et al., arXiv:1506.02025), and computes the gradients of image and
/// grid.
/// </summary>
/// <remarks>
/// Each sum is computed by one task in a fixed order, so results are bitwise identical for any number of threads.
/// </remarks>
internal static unsafe class GridSampling
{
    private const int PointsOfChunk = 512, ChannelsOfChunk = 16;

    internal static void Forward(ReadOnlySpan<float> x, ReadOnlySpan<float> grid, Span<float> y, GridShape shape)
    {
        shape.Require(x.Length, grid.Length, y.Length);
        fixed (float* px = x, pg = grid, py = y)
        {
            Chunks.Run(new ForwardBody(px, pg, py, shape), shape.Samples * Chunks.Count(shape.Points, PointsOfChunk));
        }
    }

    /// <summary>
    /// Computes the image gradient: distributes the gradient of each result to the pixels it was read from.
    /// </summary>
    internal static void ImageGradient(
        ReadOnlySpan<float> grid, ReadOnlySpan<float> dy, Span<float> dx, GridShape shape)
    {
        shape.Require(dx.Length, grid.Length, dy.Length);
        dx.Clear();
        fixed (float* pd = dx, pg = grid, py = dy)
        {
            Chunks.Run(new ImageBody(pd, pg, py, shape), shape.Samples * Chunks.Count(shape.Channels, ChannelsOfChunk));
        }
    }

    /// <summary>Computes the gradient of the grid coordinates; zero with nearest-pixel interpolation.</summary>
    internal static void GridGradient(
        ReadOnlySpan<float> x, ReadOnlySpan<float> grid, ReadOnlySpan<float> dy, Span<float> dgrid, GridShape shape)
    {
        shape.Require(x.Length, grid.Length, dy.Length);
        Elementwise.RequireLength(dgrid.Length, grid.Length);
        fixed (float* px = x, pg = grid, py = dy, pd = dgrid)
        {
            Chunks.Run(new GridBody(px, pg, py, pd, shape), shape.Samples * Chunks.Count(shape.Points, PointsOfChunk));
        }
    }

    /// <summary>Returns the sample and the range of points of a chunk.</summary>
    private static (int Sample, int First, int End) PointsOf(int chunk, in GridShape shape)
    {
        int chunks = Chunks.Count(shape.Points, PointsOfChunk), first = chunk % chunks * PointsOfChunk;
        return (chunk / chunks, first, Math.Min(shape.Points, first + PointsOfChunk));
    }

    private readonly struct ForwardBody(float* x, float* grid, float* y, GridShape shape) : IChunkBody
    {
        public void Run(int chunk)
        {
            (int sample, int first, int end) = PointsOf(chunk, shape);
            long planes = (long)sample * shape.Channels;
            GridCorners corners = default;
            for (int point = first; point < end; point++)
            {
                corners.Find(shape, grid + ((((long)sample * shape.Points) + point) * 2));
                for (int c = 0; c < shape.Channels; c++)
                {
                    float* plane = x + ((planes + c) * shape.Pixels);
                    float sum = 0;
                    for (int corner = 0; corner < corners.Count; corner++)
                    {
                        sum += corners.Weight[corner] * plane[corners.Offset[corner]];
                    }

                    y[((planes + c) * shape.Points) + point] = sum;
                }
            }
        }
    }

    private readonly struct ImageBody(float* dx, float* grid, float* dy, GridShape shape) : IChunkBody
    {
        public void Run(int chunk)
        {
            int blocks = Chunks.Count(shape.Channels, ChannelsOfChunk), sample = chunk / blocks,
                first = chunk % blocks * ChannelsOfChunk;
            int end = Math.Min(shape.Channels, first + ChannelsOfChunk);
            long planes = (long)sample * shape.Channels;
            GridCorners corners = default;
            for (int point = 0; point < shape.Points; point++)
            {
                corners.Find(shape, grid + ((((long)sample * shape.Points) + point) * 2));
                for (int c = first; c < end; c++)
                {
                    float* plane = dx + ((planes + c) * shape.Pixels);
                    float gradient = dy[((planes + c) * shape.Points) + point];
                    for (int corner = 0; corner < corners.Count; corner++)
                    {
                        plane[corners.Offset[corner]] += corners.Weight[corner] * gradient;
                    }
                }
            }
        }
    }

    private readonly struct GridBody(float* x, float* grid, float* dy, float* dgrid, GridShape shape) : IChunkBody
    {
        public void Run(int chunk)
        {
            (int sample, int first, int end) = PointsOf(chunk, shape);
            long planes = (long)sample * shape.Channels;
            GridCorners corners = default;
            for (int point = first; point < end; point++)
            {
                long at = (((long)sample * shape.Points) + point) * 2;
                corners.Find(shape, grid + at);
                float byX = 0, byY = 0;
                for (int c = 0; c < shape.Channels; c++)
                {
                    float* plane = x + ((planes + c) * shape.Pixels);
                    float gradient = dy[((planes + c) * shape.Points) + point];
                    for (int corner = 0; corner < corners.Count; corner++)
                    {
                        float value = plane[corners.Offset[corner]] * gradient;
                        byX += corners.ByX[corner] * value;
                        byY += corners.ByY[corner] * value;
                    }
                }

                (dgrid[at], dgrid[at + 1]) = (byX, byY);
            }
        }
    }
}
