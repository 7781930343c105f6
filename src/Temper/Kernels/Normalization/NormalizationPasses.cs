using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <content>Passes over a chunk of rows, written once for all vector widths.</content>
internal static unsafe partial class Normalization
{
    private interface IPass
    {
        /// <summary>
        /// Processes channels from <paramref name="c"/> on, as long as they fill a register. Returns the next channel.
        /// </summary>
        static abstract int Run<TLane>(in RowJob job, in Rows rows, int c)
            where TLane : unmanaged, ILanes<TLane>;
    }

    private static void StatisticsChunk(void* job, int chunk) => Run<StatisticsPass>(job, chunk);

    private static void ApplyChunk(void* job, int chunk) => Run<ApplyPass>(job, chunk);

    private static void GradientSumsChunk(void* job, int chunk) => Run<GradientSumsPass>(job, chunk);

    private static void GradientChunk(void* job, int chunk) => Run<GradientPass>(job, chunk);

    /// <summary>
    /// Processes a chunk in blocks of rows. A block is about a page of contiguous memory, so that processing it channel
    /// by channel does not defeat the prefetcher. Within a block, the widest registers come first, then narrower ones
    /// for the remaining channels.
    /// </summary>
    private static void Run<TPass>(void* pointer, int chunk)
        where TPass : IPass
    {
        ref RowJob job = ref *(RowJob*)pointer;
        (int start, int end) = job.Range(chunk);
        float* sums = job.Target + (2L * chunk * job.Channels);
        int block = Math.Max(BlockFloats / job.Channels, MinBlockRows);
        for (int row = start; row < end; row += block)
        {
            var rows = new Rows(row, Math.Min(row + block, end), sums, isFirst: row == start);
            int c = 0;
            if (Simd.Active >= SimdWidth.Vector512)
            {
                c = TPass.Run<Lanes512>(job, rows, c);
            }

            if (Simd.Active >= SimdWidth.Vector256)
            {
                c = TPass.Run<Lanes256>(job, rows, c);
            }

            if (Simd.Active >= SimdWidth.Vector128)
            {
                c = TPass.Run<Lanes128>(job, rows, c);
            }

            TPass.Run<Lane>(job, rows, c);
        }
    }

    /// <summary>A block of rows, with the sums of its chunk for reducing passes.</summary>
    private readonly struct Rows(int start, int end, float* sums, bool isFirst)
    {
        internal readonly int Start = start;
        internal readonly int End = end;
        internal readonly float* Sums = sums;

        /// <summary>Returns the sum so far; zero before the first block.</summary>
        internal TLane Sum<TLane>(int c)
            where TLane : unmanaged, ILanes<TLane> => isFirst ? TLane.Zero : TLane.Load(Sums + c);
    }

    private readonly struct StatisticsPass : IPass
    {
        public static int Run<TLane>(in RowJob job, in Rows rows, int c)
            where TLane : unmanaged, ILanes<TLane>
        {
            (int start, int end) = (rows.Start, rows.End);
            int channels = job.Channels;
            float* sums = rows.Sums;
            for (; c + TLane.Count <= channels; c += TLane.Count)
            {
                TLane pivot = TLane.Load(job.Y + c);
                TLane sum = rows.Sum<TLane>(c);
                TLane squares = rows.Sum<TLane>(channels + c);
                float* x = job.X + ((long)start * channels) + c;
                for (int row = start; row < end; row++, x += channels)
                {
                    TLane d = TLane.Load(x) - pivot;
                    sum += d;
                    squares = TLane.MultiplyAdd(d, d, squares);
                }

                sum.Store(sums + c);
                squares.Store(sums + channels + c);
            }

            return c;
        }
    }

    private readonly struct GradientSumsPass : IPass
    {
        public static int Run<TLane>(in RowJob job, in Rows rows, int c)
            where TLane : unmanaged, ILanes<TLane>
        {
            (int start, int end) = (rows.Start, rows.End);
            int channels = job.Channels;
            float* x = job.X;
            float* dys = job.Y;
            float* mask = job.Mask;
            float* sums = rows.Sums;
            for (; c + TLane.Count <= channels; c += TLane.Count)
            {
                TLane mean = TLane.Load(job.A + c);
                TLane sum = rows.Sum<TLane>(c);
                TLane products = rows.Sum<TLane>(channels + c);
                long at = ((long)start * channels) + c;
                for (int row = start; row < end; row++, at += channels)
                {
                    TLane dy = TLane.Load(dys + at);
                    if (mask != null)
                    {
                        dy = TLane.Select(TLane.Greater(TLane.Load(mask + at), TLane.Zero), dy, TLane.Zero);
                    }

                    sum += dy;
                    products = TLane.MultiplyAdd(dy, TLane.Load(x + at) - mean, products);
                }

                sum.Store(sums + c);
                products.Store(sums + channels + c);
            }

            return c;
        }
    }

    private readonly struct ApplyPass : IPass
    {
        public static int Run<TLane>(in RowJob job, in Rows rows, int c)
            where TLane : unmanaged, ILanes<TLane>
        {
            (int start, int end) = (rows.Start, rows.End);
            int channels = job.Channels;
            bool relu = job.Relu;
            float* x = job.X;
            float* residual = job.Y;
            float* target = job.Target;
            for (; c + TLane.Count <= channels; c += TLane.Count)
            {
                TLane gain = TLane.Load(job.A + c);
                TLane offset = TLane.Load(job.B + c);
                TLane zero = TLane.Zero;
                long at = ((long)start * channels) + c;
                for (int row = start; row < end; row++, at += channels)
                {
                    TLane y = TLane.MultiplyAdd(TLane.Load(x + at), gain, offset);
                    if (residual != null)
                    {
                        y += TLane.Load(residual + at);
                    }

                    (relu ? TLane.Max(y, zero) : y).Store(target + at);
                }
            }

            return c;
        }
    }

    private readonly struct GradientPass : IPass
    {
        public static int Run<TLane>(in RowJob job, in Rows rows, int c)
            where TLane : unmanaged, ILanes<TLane>
        {
            (int start, int end) = (rows.Start, rows.End);
            int channels = job.Channels;
            float* x = job.X;
            float* dys = job.Y;
            float* mask = job.Mask;
            float* target = job.Target;
            float* second = job.Second;
            for (; c + TLane.Count <= channels; c += TLane.Count)
            {
                TLane a = TLane.Load(job.A + c);
                TLane b = TLane.Load(job.B + c);
                TLane offset = TLane.Load(job.C + c);
                long at = ((long)start * channels) + c;
                for (int row = start; row < end; row++, at += channels)
                {
                    TLane dy = TLane.Load(dys + at);
                    if (mask != null)
                    {
                        dy = TLane.Select(TLane.Greater(TLane.Load(mask + at), TLane.Zero), dy, TLane.Zero);
                    }

                    if (second != null)
                    {
                        dy.Store(second + at);
                    }

                    if (target != null)
                    {
                        TLane.MultiplyAdd(a, dy, TLane.MultiplyAdd(b, TLane.Load(x + at), offset)).Store(target + at);
                    }
                }
            }

            return c;
        }
    }
}
