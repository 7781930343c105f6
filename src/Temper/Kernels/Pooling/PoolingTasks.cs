using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <content>
/// Tasks of pooling: a row of windows in the forward pass; an image in the backward pass, since windows of an image may
/// overlap. A row is processed strip by strip: all columns for as many channels as fit a register.
/// </content>
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

    private static void MaximumRow(void* job, int task) => Row<MaximumWindow>((PoolJob*)job, task);

    private static void AverageRow(void* job, int task) => Row<AverageWindow>((PoolJob*)job, task);

    private static void MaximumGradientImage(void* job, int image) =>
        Image<MaximumGradientWindow>((PoolJob*)job, image);

    private static void AverageGradientImage(void* job, int image) =>
        Image<AverageGradientWindow>((PoolJob*)job, image);

    private static void Image<TWindow>(PoolJob* job, int image)
        where TWindow : IWindow
    {
        long count = (long)job->Height.Inputs * job->Width.Inputs * job->Channels;
        new Span<float>(job->InputRow(image, 0), checked((int)count)).Clear();
        for (int oh = 0; oh < job->Height.Outputs; oh++)
        {
            Row<TWindow>(job, (image * job->Height.Outputs) + oh);
        }
    }

    private static void Row<TWindow>(PoolJob* job, int task)
        where TWindow : IWindow
    {
        (int image, int oh) = Math.DivRem(task, job->Height.Outputs);
        var strip = new Strip
        {
            Input = job->InputRow(image, 0),
            Output = job->OutputRow(image, oh),
            Top = job->Height.Starts[oh],
            Bottom = job->Height.Ends[oh],
            RowSize = job->Height.Sizes[oh],
        };
        switch (Simd.Active)
        {
            case SimdWidth.Vector512: Channels<TWindow, Lanes512>(*job, ref strip); break;
            case SimdWidth.Vector256: Channels<TWindow, Lanes256>(*job, ref strip); break;
            case SimdWidth.Vector128: Channels<TWindow, Lanes128>(*job, ref strip); break;
            default: Channels<TWindow, Lane>(*job, ref strip); break;
        }
    }

    /// <summary>
    /// Processes first the channels that do not fill a register, in the narrowest register that holds them, then the
    /// whole registers.
    /// </summary>
    private static void Channels<TWindow, TLane>(in PoolJob job, ref Strip strip)
        where TWindow : IWindow
        where TLane : unmanaged, ILanes<TLane>
    {
        strip.Count = job.Channels % TLane.Count;
        strip.Channel = job.Channels - strip.Count;
        switch (strip.Count)
        {
            case 0: break;
            case 1: Remainder<TWindow, Lane>(job, ref strip); break;
            case <= 4: Remainder<TWindow, Lanes128>(job, ref strip); break;
            case <= 8: Remainder<TWindow, Lanes256>(job, ref strip); break;
            default: Remainder<TWindow, Lanes512>(job, ref strip); break;
        }

        strip.Count = TLane.Count;
        for (strip.Channel = 0; strip.Channel + TLane.Count <= job.Channels; strip.Channel += TLane.Count)
        {
            for (int column = 0; column < job.Width.Outputs; column++)
            {
                TWindow.Run<TLane>(job, strip, column);
            }
        }
    }

    /// <summary>
    /// Processes fewer channels than a register holds. The excess lanes reach into the next window. The channels of
    /// that window are written later, by this loop or with the whole registers, and gradients only add zeros there. In
    /// the last columns the next window belongs to another row and thus to another thread, so the channels are
    /// processed one by one.
    /// </summary>
    private static void Remainder<TWindow, TLane>(in PoolJob job, ref Strip strip)
        where TWindow : IWindow
        where TLane : unmanaged, ILanes<TLane>
    {
        (int first, int left) = (strip.Channel, strip.Count);
        int column = 0, reach = first + TLane.Count;
        for (; column < job.Width.Outputs; column++)
        {
            bool staysInRow = (column * job.Channels) + reach <= job.Width.Outputs * job.Channels
                && ((job.Width.Ends[column] - 1) * job.Channels) + reach <= job.Width.Inputs * job.Channels;
            if (!staysInRow)
            {
                break;
            }

            TWindow.Run<TLane>(job, strip, column);
        }

        for (strip.Count = 1; column < job.Width.Outputs; column++)
        {
            for (strip.Channel = first; strip.Channel < first + left; strip.Channel++)
            {
                TWindow.Run<Lane>(job, strip, column);
            }
        }
    }

    /// <summary>Some channels of a row of windows.</summary>
    private struct Strip
    {
        /// <summary>The image.</summary>
        internal float* Input;

        /// <summary>Offset of the row of windows in the output.</summary>
        internal long Output;

        /// <summary>First row of kernel positions inside the image.</summary>
        internal int Top;

        /// <summary>End (exclusive) of the rows of kernel positions inside the image.</summary>
        internal int Bottom;

        /// <summary>Number of rows in the divisor of an average.</summary>
        internal int RowSize;

        /// <summary>First channel.</summary>
        internal int Channel;

        /// <summary>Number of channels.</summary>
        internal int Count;
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
