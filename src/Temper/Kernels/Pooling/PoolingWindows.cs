using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <content>One window: maximum and average, forward and backward.</content>
internal static unsafe partial class Pooling
{
    private interface IWindow
    {
        /// <summary>
        /// Processes one window, channels from strip.Channel on. Only the first strip.Count lanes are channels of this
        /// window.
        /// </summary>
        static abstract void Run<TLane>(in PoolJob job, in Strip strip, int column)
            where TLane : unmanaged, ILanes<TLane>;
    }

    /// <summary>Whether a window is 2x2, the most common size, which has a body without loops.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsTwoByTwo(in PoolJob job, in Strip strip, int column) =>
        job.Width.Ends[column] - job.Width.Starts[column] == 2
            && strip.Bottom - strip.Top == 2
            && (job.Height.Step | job.Width.Step) == 1;

    private readonly struct MaximumWindow : IWindow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Run<TLane>(in PoolJob job, in Strip strip, int column)
            where TLane : unmanaged, ILanes<TLane>
        {
            int left = job.Width.Starts[column], channels = job.Channels;
            long row = (long)job.Width.Inputs * channels,
                output = strip.Output + ((long)column * channels) + strip.Channel;
            TLane best, position;
            if (IsTwoByTwo(job, strip, column))
            {
                float* x = strip.Input + (strip.Top * row) + ((long)left * channels) + strip.Channel;
                TLane a = TLane.Load(x), b = TLane.Load(x + channels), c = TLane.Load(x + row),
                    d = TLane.Load(x + row + channels);
                best = TLane.Max(TLane.Max(a, b), TLane.Max(c, d));
                TLane late = TLane.Select(TLane.AreEqual(c, best), TLane.Create(2), TLane.Create(3));
                position = TLane.Select(
                    TLane.AreEqual(a, best), TLane.Zero, TLane.Select(TLane.AreEqual(b, best), TLane.Create(1), late));
            }
            else
            {
                Search(job, strip, column, out best, out position);
            }

            best.Store(job.Output + output);
            if (job.Positions != null)
            {
                position.Store(job.Positions + output);
            }
        }

        private static void Search<TLane>(
            in PoolJob job, in Strip strip, int column, out TLane best, out TLane position)
            where TLane : unmanaged, ILanes<TLane>
        {
            best = TLane.Create(float.NegativeInfinity);
            position = TLane.Zero;
            TLane number = TLane.Zero;
            for (int h = strip.Top; h < strip.Bottom; h += job.Height.Step)
            {
                float* x = strip.Input + ((long)h * job.Width.Inputs * job.Channels) + strip.Channel;
                for (int w = job.Width.Starts[column]; w < job.Width.Ends[column]; w += job.Width.Step)
                {
                    TLane value = TLane.Load(x + ((long)w * job.Channels));
                    position = TLane.Select(TLane.Greater(value, best), number, position);
                    best = TLane.Max(value, best);              // NaN if either is NaN
                    number += TLane.Create(1);
                }
            }
        }
    }

    private readonly struct MaximumGradientWindow : IWindow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Run<TLane>(in PoolJob job, in Strip strip, int column)
            where TLane : unmanaged, ILanes<TLane>
        {
            int left = job.Width.Starts[column], right = job.Width.Ends[column], channels = job.Channels;
            long row = (long)job.Width.Inputs * channels,
                output = strip.Output + ((long)column * channels) + strip.Channel;
            TLane dy = TLane.FirstOnly(strip.Count, TLane.Load(job.Output + output));
            TLane position = TLane.Load(job.Positions + output);
            if (IsTwoByTwo(job, strip, column))
            {
                float* dx = strip.Input + (strip.Top * row) + ((long)left * channels) + strip.Channel;
                Add(job, dx, position, TLane.Zero, dy);
                Add(job, dx + channels, position, TLane.Create(1), dy);
                Add(job, dx + row, position, TLane.Create(2), dy);
                Add(job, dx + row + channels, position, TLane.Create(3), dy);
                return;
            }

            TLane number = TLane.Zero;
            for (int h = strip.Top; h < strip.Bottom; h += job.Height.Step)
            {
                float* dx = strip.Input + (h * row) + strip.Channel;
                for (int w = left; w < right; w += job.Width.Step)
                {
                    Add(job, dx + ((long)w * channels), position, number, dy);
                    number += TLane.Create(1);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Add<TLane>(in PoolJob job, float* dx, TLane position, TLane number, TLane dy)
            where TLane : unmanaged,
            ILanes<TLane> => Give(job, dx, TLane.Select(TLane.AreEqual(position, number), dy, TLane.Zero));
    }

    private readonly struct AverageWindow : IWindow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Run<TLane>(in PoolJob job, in Strip strip, int column)
            where TLane : unmanaged, ILanes<TLane>
        {
            int left = job.Width.Starts[column], right = job.Width.Ends[column], channels = job.Channels;
            long row = (long)job.Width.Inputs * channels,
                output = strip.Output + ((long)column * channels) + strip.Channel;
            TLane sum = TLane.Zero;
            for (int h = strip.Top; h < strip.Bottom; h += job.Height.Step)
            {
                float* x = strip.Input + (h * row) + strip.Channel;
                for (int w = left; w < right; w += job.Width.Step)
                {
                    sum += TLane.Load(x + ((long)w * channels));
                }
            }

            (sum * Share<TLane>(job, strip, column)).Store(job.Output + output);
        }
    }

    private readonly struct AverageGradientWindow : IWindow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Run<TLane>(in PoolJob job, in Strip strip, int column)
            where TLane : unmanaged, ILanes<TLane>
        {
            int left = job.Width.Starts[column], right = job.Width.Ends[column], channels = job.Channels;
            long row = (long)job.Width.Inputs * channels,
                output = strip.Output + ((long)column * channels) + strip.Channel;
            TLane share =
                TLane.FirstOnly(strip.Count, TLane.Load(job.Output + output)) * Share<TLane>(job, strip, column);
            for (int h = strip.Top; h < strip.Bottom; h += job.Height.Step)
            {
                float* x = strip.Input + (h * row) + strip.Channel;
                for (int w = left; w < right; w += job.Width.Step)
                {
                    Give(job, x + ((long)w * channels), share);
                }
            }
        }
    }

    /// <summary>
    /// Adds a gradient. If windows do not overlap it is only stored, because a load would wait for the preceding store
    /// of the neighboring window.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Give<TLane>(in PoolJob job, float* dx, TLane gradient)
        where TLane : unmanaged, ILanes<TLane> => (job.IsDisjoint ? gradient : TLane.Load(dx) + gradient).Store(dx);

    /// <summary>Returns the reciprocal of the number of kernel positions by which an average is divided.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Share<TLane>(in PoolJob job, in Strip strip, int column)
        where TLane : unmanaged,
        ILanes<TLane> => TLane.Create(1f / Math.Max(strip.RowSize * job.Width.Sizes[column], 1));
}
