using Temper.Kernels;
using Temper.Networks;

namespace Temper.Inference;

/// <summary>A convolution with sparse weights, on planes.</summary>
internal sealed class SparseConvolutionStep(SparseConvolution convolution, bool relu, Rows images) : Step
{
    internal override string Kernel => Reads.IsCut ? KernelNames.OnPieces(KernelNames.Sparse(convolution.Block)) : KernelNames.Sparse(convolution.Block);

    internal override long WeightFloats => convolution.WeightFloats;

    internal override void Run(in StepCall call) => convolution.Run(images.Of(call.Batch), call.X, call.Y, call.Residual, relu);
}

/// <summary>Windows of planes.</summary>
internal sealed class PlanePoolingStep(PoolingLayer layer, PlaneShape source, PlaneShape target, Rows images) : Step
{
    internal override string Kernel => source.IsCut ? KernelNames.OnPieces(KernelNames.PlanePool) : KernelNames.PlanePool;

    internal override void Run(in StepCall call) =>
        PlanePooling.Run(images.Of(call.Batch), layer.Sizes, layer.IsMaximum, source, target, call.X, call.Y);
}

/// <summary>Planes of zeros before and behind others.</summary>
internal sealed class PadPlanesStep(PlaneShape source, int before, int after, Rows images) : Step
{
    internal override string Kernel => source.IsCut ? KernelNames.OnPieces(KernelNames.PlanePad) : KernelNames.PlanePad;

    internal override void Run(in StepCall call) => PlaneCopies.Pad(images.Of(call.Batch), source, before, after, call.X, call.Y);
}

/// <summary>Row-major images whose channels are mapped on the way into another memory order.</summary>
internal sealed class ScaledCopyStep(ValueInfo value, ChannelMap map, Rows images, string kernel) : Step
{
    internal override string Kernel => kernel;

    internal override void Run(in StepCall call)
    {
        int batch = images.Of(call.Batch);
        if (Writes.Kind == LayoutKind.Planes)
        {
            PlaneCopies.ScaledFromRowMajor(batch, Writes.PlanesOf(value), call.X, call.Y, map);
        }
        else
        {
            ScaledCopies.ToChannelsLast(call.X, call.Y, (batch, value.Shape[1], value.Shape.CountOf(2, 4)), map);
        }
    }
}

/// <summary>Images into planes or out of them.</summary>
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
