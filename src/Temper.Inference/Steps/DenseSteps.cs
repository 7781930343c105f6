using Temper.Kernels;

namespace Temper.Inference;

/// <summary>A dense convolution of channels-last images, which may leave out input channels that are zero in this run.</summary>
internal sealed class ConvolutionStep(PackedConvolution convolution, PinnedFloats? bias, bool relu, Rows images, bool findsChannels) : Step
{
    internal override string Kernel => findsChannels ? KernelNames.OnActiveChannels(convolution.Method) : KernelNames.Of(convolution.Method);

    internal override long WeightFloats => convolution.WeightFloats;

    internal override void Run(in StepCall call)
    {
        var tail = new LayerTail { Bias = bias, Residual = call.Residual, Relu = relu };
        if (findsChannels)
        {
            convolution.RunActiveChannels(images.Of(call.Batch), call.X, call.Y, tail);
        }
        else
        {
            convolution.Run(images.Of(call.Batch), call.X, call.Y, tail);
        }
    }
}

/// <summary>A dense fully connected layer.</summary>
internal sealed class LinearStep(PackedMatrix matrix, PinnedFloats? bias, bool relu, Rows rows, string kernel) : Step
{
    internal override string Kernel => kernel;

    internal override long WeightFloats => matrix.WeightFloats;

    internal override void Run(in StepCall call) =>
        matrix.Run(rows.Of(call.Batch), call.X, call.Y, new LayerTail { Bias = bias, Relu = relu });
}

/// <summary>A fully connected layer that reads the weights of those inputs only that are not zero in this run.</summary>
internal sealed class ActiveInputsStep(InputMajorMatrix matrix, PinnedFloats? bias, bool relu, Rows rows) : Step
{
    internal override string Kernel => KernelNames.ActiveInputs;

    internal override long WeightFloats => matrix.WeightFloats;

    internal override void Run(in StepCall call) =>
        matrix.Run(rows.Of(call.Batch), call.X, call.Y, new LayerTail { Bias = bias, Relu = relu });
}

/// <summary>A fully connected layer that leaves out weights that are zero, row by row.</summary>
internal sealed class SparseRowsStep(SparseMatrix matrix, PinnedFloats? bias, bool relu, Rows rows) : Step
{
    internal override string Kernel => KernelNames.SparseRows;

    internal override long WeightFloats => matrix.WeightFloats;

    internal override void Run(in StepCall call) =>
        matrix.Run(rows.Of(call.Batch), call.X, call.Y, new LayerTail { Bias = bias, Relu = relu });
}
