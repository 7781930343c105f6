using Temper.Kernels;

namespace Temper.Inference;

/// <summary>Windows of channels-last images.</summary>
internal sealed class PoolingStep(PoolingSizes sizes, bool isMaximum, Rows images) : Step
{
    internal override string Kernel => "pool";

    internal override void Run(in StepCall call)
    {
        PoolingSizes all = sizes with { Batch = images.Of(call.Batch) };
        Span<float> x = call.X.Span(checked(all.Batch * all.Height.Inputs * all.Width.Inputs * all.Channels));
        Span<float> y = call.Y.Span(checked(all.Batch * all.Height.Outputs * all.Width.Outputs * all.Channels));
        if (isMaximum)
        {
            Pooling.Maximum(all, x, y, default);
        }
        else
        {
            Pooling.Average(all, x, y);
        }
    }
}

/// <summary>Elements in whatever order, added or cut off at zero.</summary>
/// <param name="elements">Elements of the value.</param>
/// <param name="planes">Its planes, if it lies so: their borders and the room between images are taken with them.</param>
/// <param name="relu">Whether negative results become zero.</param>
internal sealed class SumStep(Rows elements, PlaneShape? planes, bool relu) : Step
{
    internal override string Kernel => planes switch
    {
        null => "elementwise",
        { IsCut: true } => KernelNames.OnPieces(KernelNames.PlaneSum),
        _ => KernelNames.PlaneSum,
    };

    internal override void Run(in StepCall call)
    {
        int count = elements.Of(call.Batch);
        if (planes is { } shape)
        {
            count = checked((int)shape.Floats(count / (shape.Channels * shape.Height * shape.Width)));
        }

        Span<float> x = call.X.Span(count);
        Span<float> y = call.Y.Span(count);
        if (call.Residual.IsNull)
        {
            Elementwise.Apply(default(Relu), x, y);
            return;
        }

        Elementwise.Apply(default(Add), x, call.Residual.Span(count), y);
        if (relu)
        {
            Elementwise.Apply(default(Relu), y, y);
        }
    }
}

/// <summary>A factor and an offset for each channel of channels-last images, then an addition and ReLU.</summary>
internal sealed class ChannelAffineStep(PinnedFloats gain, PinnedFloats offset, bool relu, Rows elements) : Step
{
    internal override string Kernel => "elementwise";

    internal override void Run(in StepCall call)
    {
        int count = elements.Of(call.Batch);
        Span<float> residual = call.Residual.Span(call.Residual.IsNull ? 0 : count);
        Normalization.Apply(call.X.Span(count), gain.Span, offset.Span, residual, relu, call.Y.Span(count));
    }
}

/// <summary>Channels of zeros around those of channels-last pixels.</summary>
internal sealed class PadChannelsStep(int channels, int before, int after, Rows pixels) : Step
{
    internal override string Kernel => "copy";

    internal override void Run(in StepCall call)
    {
        int count = pixels.Of(call.Batch), width = before + channels + after;
        call.Y.Span(checked(count * width)).Clear();
        ColumnCopies.Copy(call.X, channels, call.Y + before, width, channels, count);
    }
}

/// <summary>The same floats elsewhere.</summary>
internal sealed class CopyStep(Rows elements) : Step
{
    internal override string Kernel => "copy";

    internal override void Run(in StepCall call)
    {
        int count = elements.Of(call.Batch);
        call.X.Span(count).CopyTo(call.Y.Span(count));
    }
}

/// <summary>Channels of images from planes to pixels, or from pixels to planes.</summary>
internal sealed class TransposeStep(int channels, int pixels, Rows images, bool toChannelsLast) : Step
{
    internal override string Kernel => "transpose";

    internal override void Run(in StepCall call)
    {
        int batch = images.Of(call.Batch), count = checked(batch * channels * pixels);
        Span<float> x = call.X.Span(count);
        Span<float> y = call.Y.Span(count);
        if (toChannelsLast)
        {
            Layouts.ToChannelsLast(x, y, batch, channels, pixels);
        }
        else
        {
            Layouts.ToChannelsFirst(x, y, batch, channels, pixels);
        }
    }
}
