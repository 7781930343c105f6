using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Copies a value.</summary>
internal sealed class CopyStep(Rows elements) : Step
{
    internal override string Kernel => "copy";

    internal override void Run(in StepCall call)
    {
        int count = elements.Of(call.Batch);
        call.X.Span(count).CopyTo(call.Y.Span(count));
    }
}

/// <summary>Transposes images from row-major to channels last, or back.</summary>
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

/// <summary>Converts images to planes or back.</summary>
internal sealed class PlaneCopyStep(PlaneShape shape, Rows images) : Step
{
    internal override string Kernel => "transpose";

    internal override void Run(in StepCall call)
    {
        int batch = images.Of(call.Batch);
        if (Reads == ValueLayout.RowMajor)
        {
            PlaneCopies.FromRowMajor(batch, shape, call.X, call.Y);
        }
        else if (Writes.Kind == LayoutKind.Planes)
        {
            PlaneCopies.FromChannelsLast(batch, shape, call.X, call.Y);
        }
        else
        {
            PlaneCopies.ToChannelsLast(batch, shape, call.X, call.Y);
        }
    }
}

/// <summary>Converts channels-last floats to bytes of a grid, or back.</summary>
internal sealed class ByteCopyStep(ValueInfo value) : Step
{
    private readonly Rows _pixels = new(value.Shape.Count / Math.Max(1, value.Shape[1]), value.IsBatched);

    internal override string Kernel => Writes.Kind == LayoutKind.Bytes ? KernelNames.Quantize : KernelNames.Dequantize;

    internal override void Run(in StepCall call)
    {
        int pixels = _pixels.Of(call.Batch), channels = value.Shape[1];
        if (Writes.Kind == LayoutKind.Bytes)
        {
            ByteCopies.Quantize(call.X, call.Y, pixels, channels, Writes.Grid);
        }
        else
        {
            ByteCopies.Dequantize(call.X, call.Y, pixels, channels, Reads.Grid);
        }
    }
}

/// <summary>Copies a constant tensor to a row-major buffer.</summary>
internal sealed class FromTensorStep : Step
{
    internal override string Kernel => "copy";

    internal override void Run(in StepCall call)
    {
        ReadOnlySpan<float> source = call.Tensors[call.Step.Inputs[0]]!.AsSpan<float>();
        source.CopyTo(call.Y.Span(source.Length));
    }
}

/// <summary>Stores a constant; run once per session memory.</summary>
internal sealed class ConstantStep(Tensor value) : Step
{
    internal override string Kernel => "constant";

    internal override void Run(in StepCall call) => call.Tensors[call.Step.Output] = value;
}
