using System.Buffers;

namespace Temper.Kernels;

/// <summary>
/// Normalization of rows <c>[P, C]</c> (channels-last memory), separately per channel: statistics, the affine map with
/// residual and ReLU, and the two passes of its gradient.
/// </summary>
/// <remarks>
/// Rows are split into chunks whose size depends only on C, and the results are merged in order, so the bytes are the
/// same for any number of threads.
/// </remarks>
internal static unsafe partial class Normalization
{
    /// <summary>Floats per array in a chunk: all arrays of a pass fit the L2 cache together.</summary>
    private const int ChunkFloats = 16 * 1024;

    /// <summary>Floats per array in a block of rows, which is processed channel by channel: about a page.</summary>
    private const int BlockFloats = 512;

    private const int MinBlockRows = 4;

    /// <summary>Maximum number of rows per chunk, which bounds the length of sums in single precision.</summary>
    private const int MaxRows = 1024;

    /// <summary>Computes the mean and the population variance of each channel.</summary>
    /// <param name="x"><c>[P, C]</c>.</param>
    /// <param name="mean">Receives the means, <c>[C]</c>; zeros if there are no rows.</param>
    /// <param name="variance">Receives the variances, <c>[C]</c>.</param>
    internal static void Statistics(ReadOnlySpan<float> x, Span<float> mean, Span<float> variance)
    {
        int channels = mean.Length;
        double[] sums = ArrayPool<double>.Shared.Rent(2 * channels);
        fixed (float* source = x)
        {
            // Sums x - x[0], so that a mean far from zero causes no loss of precision.
            Reduce(new RowJob { X = source, Y = source, Channels = channels }, x.Length, &StatisticsChunk, sums);
            double rows = Math.Max(x.Length / Math.Max(channels, 1), 1);
            for (int c = 0; c < channels; c++)
            {
                double shifted = sums[c] / rows;
                mean[c] = x.IsEmpty ? 0 : (float)(shifted + source[c]);
                variance[c] = (float)Math.Max((sums[channels + c] / rows) - (shifted * shifted), 0);
            }
        }

        ArrayPool<double>.Shared.Return(sums);
    }

    /// <summary>Computes <c>y = gain x + offset</c> per channel, then adds a residual and applies a ReLU.</summary>
    /// <param name="x"><c>[P, C]</c>.</param>
    /// <param name="gain"><c>[C]</c>.</param>
    /// <param name="offset"><c>[C]</c>.</param>
    /// <param name="residual"><c>[P, C]</c>; empty: none.</param>
    /// <param name="relu">Whether to apply a ReLU.</param>
    /// <param name="y">Receives <c>[P, C]</c>; may be <paramref name="x"/>.</param>
    internal static void Apply(
        ReadOnlySpan<float> x, ReadOnlySpan<float> gain, ReadOnlySpan<float> offset, ReadOnlySpan<float> residual,
        bool relu, Span<float> y)
    {
        fixed (float* px = x, pg = gain, po = offset, pr = residual, py = y)
        {
            var job = new RowJob { X = px, A = pg, B = po, Y = pr, Target = py, Relu = relu, Channels = gain.Length };
            Map(job, x.Length, &ApplyChunk);
        }
    }

    /// <summary>
    /// Computes the sums for the gradient: <c>Σ dy</c> and <c>Σ dy (x - mean)</c> per channel, with dy set to zero
    /// where the ReLU returned zero.
    /// </summary>
    /// <param name="dy"><c>[P, C]</c>.</param>
    /// <param name="output">Output of the forward pass, <c>[P, C]</c>, if there is a ReLU; else empty.</param>
    /// <param name="x">Input of the forward pass, <c>[P, C]</c>.</param>
    /// <param name="mean"><c>[C]</c>.</param>
    /// <param name="sums">Receives <c>Σ dy</c>, then <c>Σ dy (x - mean)</c>, C values each.</param>
    internal static void GradientSums(
        ReadOnlySpan<float> dy, ReadOnlySpan<float> output, ReadOnlySpan<float> x, ReadOnlySpan<float> mean,
        Span<double> sums)
    {
        fixed (float* pd = dy, po = output, px = x, pm = mean)
        {
            var job = new RowJob { X = px, Y = pd, Mask = po, A = pm, Channels = mean.Length };
            double[] rented = ArrayPool<double>.Shared.Rent(sums.Length);
            Reduce(job, dy.Length, &GradientSumsChunk, rented);
            rented.AsSpan(0, sums.Length).CopyTo(sums);
            ArrayPool<double>.Shared.Return(rented);
        }
    }

    /// <summary>
    /// Computes <c>dx = a dy + b x + c</c> per channel. Also writes the masked dy, which is the gradient of a residual.
    /// </summary>
    /// <param name="dy"><c>[P, C]</c>.</param>
    /// <param name="output">Output of the forward pass if there is a ReLU; else empty.</param>
    /// <param name="x">Input of the forward pass, <c>[P, C]</c>.</param>
    /// <param name="factors">a, b and c, C values each.</param>
    /// <param name="dx">Receives the gradient of the input; empty: not computed.</param>
    /// <param name="masked">Receives dy where the ReLU was active, else zero; empty: not computed.</param>
    internal static void Gradient(
        ReadOnlySpan<float> dy, ReadOnlySpan<float> output, ReadOnlySpan<float> x, ReadOnlySpan<float> factors,
        Span<float> dx, Span<float> masked)
    {
        int channels = factors.Length / 3;
        fixed (float* pd = dy, po = output, px = x, pf = factors, target = dx, second = masked)
        {
            var job = new RowJob
            {
                X = px, Y = pd, Mask = po, A = pf, B = pf + channels, C = pf + (2 * channels),
                Target = target, Second = second, Channels = channels,
            };
            Map(job, dy.Length, &GradientChunk);
        }
    }

    /// <summary>Runs an elementwise pass over all rows, one chunk per task.</summary>
    private static void Map(RowJob job, int count, delegate*<void*, int, void> chunk)
    {
        if (count == 0)
        {
            return;
        }

        job.SetRows(count, ChunkFloats);
        WorkerPool.Current.Run(chunk, &job, job.Chunks);
    }

    /// <summary>Runs a reducing pass, then adds the two sums per channel of all chunks in order.</summary>
    private static void Reduce(RowJob job, int count, delegate*<void*, int, void> chunk, double[] sums)
    {
        int width = 2 * job.Channels;
        Array.Clear(sums, 0, width);
        if (count == 0)
        {
            return;
        }

        job.SetRows(count, ChunkFloats);
        float[] partial = ArrayPool<float>.Shared.Rent(job.Chunks * width);
        fixed (float* p = partial)
        {
            job.Target = p;
            WorkerPool.Current.Run(chunk, &job, job.Chunks);
        }

        for (int i = 0; i < job.Chunks; i++)
        {
            for (int c = 0; c < width; c++)
            {
                sums[c] += partial[(i * width) + c];
            }
        }

        ArrayPool<float>.Shared.Return(partial);
    }

    /// <summary>Arrays of a pass; each pass uses some of them.</summary>
    private struct RowJob
    {
        internal float* X;
        internal float* Y;
        internal float* Mask;
        internal float* A;
        internal float* B;
        internal float* C;
        internal float* Target;
        internal float* Second;
        internal int Channels;
        internal int Rows;
        internal int RowsPerChunk;
        internal bool Relu;

        internal readonly int Chunks => (Rows + RowsPerChunk - 1) / RowsPerChunk;

        internal void SetRows(int count, int chunkFloats)
        {
            Rows = count / Channels;
            RowsPerChunk = Math.Clamp(chunkFloats / Channels, 1, MaxRows);
        }

        internal readonly (int Start, int End) Range(int chunk) =>
            (chunk * RowsPerChunk, Math.Min((chunk + 1) * RowsPerChunk, Rows));
    }
}
