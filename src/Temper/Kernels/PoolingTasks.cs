using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <content>What one task does: a row of windows forward, an image backward, since windows of an image may overlap.</content>
internal static unsafe partial class Pooling
{
    private interface IWindow
    {
        /// <summary>Treats one window's channels from <paramref name="c"/> on, as far as whole lanes reach; gives the next channel.</summary>
        static abstract int Run<TLane>(in PoolJob job, in Window window, int c)
            where TLane : unmanaged, ILanes<TLane>;
    }

    private static void MaximumRow(void* job, int task) => Row<MaximumWindow>((PoolJob*)job, task);

    private static void AverageRow(void* job, int task) => Row<AverageWindow>((PoolJob*)job, task);

    private static void MaximumGradientImage(void* job, int image) => Image<MaximumGradientWindow>((PoolJob*)job, image);

    private static void AverageGradientImage(void* job, int image) => Image<AverageGradientWindow>((PoolJob*)job, image);

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
        int image = task / job->Height.Outputs;
        int oh = task % job->Height.Outputs;
        long output = job->OutputRow(image, oh);
        for (int ow = 0; ow < job->Width.Outputs; ow++, output += job->Channels)
        {
            var window = new Window
            {
                Input = job->InputRow(image, 0),
                Output = output,
                Top = job->Height.Starts[oh],
                Bottom = job->Height.Ends[oh],
                Left = job->Width.Starts[ow],
                Right = job->Width.Ends[ow],
                Scale = 1f / Math.Max(job->Height.Sizes[oh] * job->Width.Sizes[ow], 1),
            };
            int c = 0;
            if (Simd.Active >= SimdWidth.Vector512)
            {
                c = TWindow.Run<Lanes512>(*job, window, c);
            }

            if (Simd.Active >= SimdWidth.Vector256)
            {
                c = TWindow.Run<Lanes256>(*job, window, c);
            }

            if (Simd.Active >= SimdWidth.Vector128)
            {
                c = TWindow.Run<Lanes128>(*job, window, c);
            }

            TWindow.Run<Lane>(*job, window, c);
        }
    }

    /// <summary>One window: the taps that lie inside its image.</summary>
    private struct Window
    {
        internal float* Input;
        internal long Output;
        internal int Top;
        internal int Bottom;
        internal int Left;
        internal int Right;
        internal float Scale;
    }

    private readonly struct MaximumWindow : IWindow
    {
        public static int Run<TLane>(in PoolJob job, in Window window, int c)
            where TLane : unmanaged, ILanes<TLane>
        {
            long row = (long)job.Width.Inputs * job.Channels;
            for (; c + TLane.Count <= job.Channels; c += TLane.Count)
            {
                TLane best = TLane.Create(float.NegativeInfinity);
                TLane tap = TLane.Zero;
                int number = 0;
                for (int h = window.Top; h < window.Bottom; h += job.Height.Step)
                {
                    float* x = window.Input + (h * row) + c;
                    for (int w = window.Left; w < window.Right; w += job.Width.Step, number++)
                    {
                        TLane value = TLane.Load(x + ((long)w * job.Channels));
                        TLane wins = TLane.Greater(value, best);
                        tap = TLane.Select(wins, TLane.Create(number), tap);
                        best = TLane.Max(value, best);              // NaN where either is
                    }
                }

                best.Store(job.Output + window.Output + c);
                if (job.Taps != null)
                {
                    tap.Store(job.Taps + window.Output + c);
                }
            }

            return c;
        }
    }

    private readonly struct MaximumGradientWindow : IWindow
    {
        public static int Run<TLane>(in PoolJob job, in Window window, int c)
            where TLane : unmanaged, ILanes<TLane>
        {
            long row = (long)job.Width.Inputs * job.Channels;
            for (; c + TLane.Count <= job.Channels; c += TLane.Count)
            {
                TLane dy = TLane.Load(job.Output + window.Output + c);
                TLane tap = TLane.Load(job.Taps + window.Output + c);
                int number = 0;
                for (int h = window.Top; h < window.Bottom; h += job.Height.Step)
                {
                    float* x = window.Input + (h * row) + c;
                    for (int w = window.Left; w < window.Right; w += job.Width.Step, number++)
                    {
                        float* dx = x + ((long)w * job.Channels);
                        (TLane.Load(dx) + TLane.Select(TLane.AreEqual(tap, TLane.Create(number)), dy, TLane.Zero)).Store(dx);
                    }
                }
            }

            return c;
        }
    }

    private readonly struct AverageWindow : IWindow
    {
        public static int Run<TLane>(in PoolJob job, in Window window, int c)
            where TLane : unmanaged, ILanes<TLane>
        {
            long row = (long)job.Width.Inputs * job.Channels;
            for (; c + TLane.Count <= job.Channels; c += TLane.Count)
            {
                TLane sum = TLane.Zero;
                for (int h = window.Top; h < window.Bottom; h += job.Height.Step)
                {
                    float* x = window.Input + (h * row) + c;
                    for (int w = window.Left; w < window.Right; w += job.Width.Step)
                    {
                        sum += TLane.Load(x + ((long)w * job.Channels));
                    }
                }

                (sum * TLane.Create(window.Scale)).Store(job.Output + window.Output + c);
            }

            return c;
        }
    }

    private readonly struct AverageGradientWindow : IWindow
    {
        public static int Run<TLane>(in PoolJob job, in Window window, int c)
            where TLane : unmanaged, ILanes<TLane>
        {
            long row = (long)job.Width.Inputs * job.Channels;
            for (; c + TLane.Count <= job.Channels; c += TLane.Count)
            {
                TLane share = TLane.Load(job.Output + window.Output + c) * TLane.Create(window.Scale);
                for (int h = window.Top; h < window.Bottom; h += job.Height.Step)
                {
                    float* x = window.Input + (h * row) + c;
                    for (int w = window.Left; w < window.Right; w += job.Width.Step)
                    {
                        float* dx = x + ((long)w * job.Channels);
                        (TLane.Load(dx) + share).Store(dx);
                    }
                }
            }

            return c;
        }
    }
}
