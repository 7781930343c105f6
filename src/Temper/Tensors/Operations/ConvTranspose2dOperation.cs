using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// Transposed convolution. Its forward pass is the input gradient of a convolution; its input gradient is the forward
/// pass of that convolution.
/// </summary>
internal sealed class ConvTranspose2dOperation(Tensor x, Tensor weight, Tensor? bias, Conv2dOptions options)
    : Operation(bias is null ? [x, weight] : [x, weight, bias])
{
    internal override string Name => "ConvTranspose2d";

    protected override Tensor Forward()
    {
        (Shape shape, ConvolutionGeometry geometry) = Check();
        Tensor y = Tensor.Allocate(shape, Layout.ChannelsLast);
        Convolution.BackwardData(
            geometry, x.InLayout(Layout.ChannelsLast).Physical(), weight.ToRowMajor().Physical(), y.Writable());
        if (bias is not null)
        {
            Broadcasting.Apply(
                default(AddKernel), y.Physical(), [y.Count / shape[1], shape[1]], bias.Physical(), [shape[1]],
                y.Writable());
        }

        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        (Shape shape, ConvolutionGeometry geometry) = Check();
        Tensor dy = gradient.InLayout(Layout.ChannelsLast);
        if (inputs.Wants(0))
        {
            Tensor dx = Tensor.Allocate(x.Shape, Layout.ChannelsLast);
            Convolution.Forward(geometry, dy.Physical(), weight.ToRowMajor().Physical(), dx.Writable(), default);
            inputs.Add(0, dx);
        }

        if (inputs.Wants(1))
        {
            Tensor dw = Tensor.Allocate(weight.Shape);
            Convolution.BackwardWeights(
                geometry, dy.Physical(), x.InLayout(Layout.ChannelsLast).Physical(), dw.Writable());
            inputs.Add(1, dw);
        }

        if (bias is not null && inputs.Wants(2))
        {
            Tensor db = Tensor.Allocate(bias.Shape);
            Reductions.ColumnSums(dy.Physical(), db.Writable(), dy.Count / shape[1], shape[1]);
            inputs.Add(2, db);
        }
    }

    private (Shape Shape, ConvolutionGeometry Geometry) Check()
    {
        (Shape shape, ConvolutionGeometry geometry) = Conv2dShapes.CheckTransposed(x, weight, bias, options);
        return (shape, geometry with { Choice = Choice });
    }
}
