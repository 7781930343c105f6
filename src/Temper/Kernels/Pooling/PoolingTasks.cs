using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <content>
/// Tasks of pooling: a row of windows in the forward pass; an image in the backward pass, since windows of an image may
/// overlap. A row is processed strip by strip: all columns for as many channels as fit a register.
/// </content>
internal static unsafe partial class Pooling
{
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
}
