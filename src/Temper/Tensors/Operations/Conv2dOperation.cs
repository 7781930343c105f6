using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// Convolution, optionally fused with bias, addition and ReLU, or with the computation of channel statistics.
/// </summary>
internal sealed class Conv2dOperation : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly Tensor? _residual;
    private readonly bool _relu;
    private readonly Conv2dOptions _options;
    private Tensor? _channelsLast;

    internal Conv2dOperation(Tensor x, Tensor weight, Conv2dOptions options, Conv2dTail tail)
        : base([x, weight, .. One(tail.Bias), .. One(tail.Residual)])
    {
        (_x, _weight, _options) = (x, weight, options);
        (_bias, _residual, _relu) = (tail.Bias, tail.Residual, tail.Relu);
    }

    internal override string Name => "Conv2d";

    /// <summary>Whether to compute <see cref="Statistics"/>. Not combined with an addition or ReLU.</summary>
    internal bool GathersStatistics { get; init; }

    /// <summary>Mean and variance of each output channel; null unless <see cref="GathersStatistics"/> is set.</summary>
    internal BatchStatistics? Statistics { get; private set; }

    protected override Tensor Forward()
    {
        ConvolutionGeometry geometry = Conv2dShapes.Check(_x, _weight, _bias, _options) with { Choice = Choice };
        Shape shape = [geometry.Batch, geometry.OutChannels, geometry.OutHeight, geometry.OutWidth];
        if (_residual is not null && !_residual.Shape.Equals(shape))
        {
            throw new ShapeMismatchException(
                "Conv2d addition", _residual.Shape, shape, "the added tensor must have the result's shape");
        }

        // Kept for the backward pass, so that the input is converted only once.
        _channelsLast = _x.InLayout(Layout.ChannelsLast);
        Tensor y = Tensor.Allocate(shape, Layout.ChannelsLast);
        float[] mean = GathersStatistics ? new float[geometry.OutChannels] : [];
        float[] variance = GathersStatistics ? new float[geometry.OutChannels] : [];
        var epilogue = new ConvolutionEpilogue
        {
            Bias = _bias is null ? default : _bias.Physical(),
            Residual = _residual is null ? default : _residual.InLayout(Layout.ChannelsLast).Physical(),
            Relu = _relu,
            Mean = mean,
            Variance = variance,
        };
        Convolution.Forward(
            geometry, _channelsLast.Physical(), _weight.ToRowMajor().Physical(), y.Writable(), epilogue);
        Statistics = GathersStatistics
            ? new BatchStatistics(mean, variance, geometry.Batch * geometry.OutHeight * geometry.OutWidth)
            : null;
        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        ConvolutionGeometry geometry = Conv2dShapes.Check(_x, _weight, _bias, _options) with { Choice = Choice };
        Tensor dy = gradient.InLayout(Layout.ChannelsLast);
        if (_relu)
        {
            dy = ReluMask.Apply(output, dy);
        }

        if (_residual is not null)
        {
            inputs.Add(Inputs.Length - 1, dy);
        }

        if (_bias is not null && inputs.Wants(2))
        {
            Tensor db = Tensor.Allocate(_bias.Shape);
            Reductions.ColumnSums(dy.Physical(), db.Writable(), dy.Count / geometry.OutChannels, geometry.OutChannels);
            inputs.Add(2, db);
        }

        if (inputs.Wants(1))
        {
            Tensor dw = Tensor.Allocate(_weight.Shape);
            Convolution.BackwardWeights(geometry, _channelsLast!.Physical(), dy.Physical(), dw.Writable());
            inputs.Add(1, dw);
        }

        if (inputs.Wants(0))
        {
            Tensor dx = Tensor.Allocate(_x.Shape, Layout.ChannelsLast);
            Convolution.BackwardData(geometry, dy.Physical(), _weight.ToRowMajor().Physical(), dx.Writable());
            inputs.Add(0, dx);
        }
    }

    /// <summary>Computes the weight or bias gradient of one sample at a time.</summary>
    internal override bool TryAddSampleSquares(Tensor output, Tensor gradient, int input, Span<double> squares)
    {
        bool isWeight = input == 1, isBias = _bias is not null && input == 2;
        if (!isWeight && !isBias)
        {
            return false;
        }

        ConvolutionGeometry geometry = Conv2dShapes.Check(_x, _weight, _bias, _options) with { Batch = 1 };
        Tensor dy = gradient.InLayout(Layout.ChannelsLast);
        if (_relu)
        {
            dy = ReluMask.Apply(output, dy);
        }

        int xLength = _x.Count / squares.Length, yLength = dy.Count / squares.Length;
        float[] one = new float[isWeight ? _weight.Count : geometry.OutChannels];
        for (int i = 0; i < squares.Length; i++)
        {
            ReadOnlySpan<float> dySample = dy.Physical().Slice(i * yLength, yLength);
            if (isWeight)
            {
                Convolution.BackwardWeights(
                    geometry, _channelsLast!.Physical().Slice(i * xLength, xLength), dySample, one);
            }
            else
            {
                Reductions.ColumnSums(dySample, one, yLength / geometry.OutChannels, geometry.OutChannels);
            }

            squares[i] += Reductions.SumOfSquares(one);
        }

        return true;
    }

    private static ReadOnlySpan<Tensor> One(Tensor? tensor) => tensor is null ? [] : new[] { tensor };
}
