using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// A convolution or fully connected layer with byte inputs and 8-bit weights. After the product come, all optional:
/// bias, rounding to a grid, addition of a byte value (the second input), ReLU, and rounding to a grid.
/// </summary>
internal sealed record Int8ConvolutionLayer : Layer
{
    private static readonly ConvolutionMethod[] FloatMethods =
    [
        ConvolutionMethod.Winograd, ConvolutionMethod.MergedRows, ConvolutionMethod.Direct,
    ];

    /// <summary>Sizes for a batch of one. A fully connected layer has images of one pixel.</summary>
    internal required ConvolutionGeometry Geometry { get; init; }

    internal required Tensor Weight { get; init; }

    /// <summary>Scale per output channel, <c>[O]</c>.</summary>
    internal required Tensor WeightScale { get; init; }

    internal Tensor? Bias { get; init; }

    internal bool IsLinear { get; init; }

    /// <summary>Grid to which the product is rounded before the addition; null: no rounding.</summary>
    internal ByteGrid? Inner { get; init; }

    internal bool Relu { get; init; }

    /// <summary>Grid of the result; null: the result is float32.</summary>
    internal ByteGrid? Result { get; init; }

    internal override string Kind =>
        IsLinear ? "int8 linear" : $"int8 conv {Geometry.KernelHeight}x{Geometry.KernelWidth}";

    internal override object Attributes =>
        (Kind, Geometry, Bias is null, Inner is null, Relu, Result is null, Inputs.Count);

    internal override long Macs =>
        Geometry.OutCount / Math.Max(Geometry.Batch, 1) * Geometry.GroupInputs * Geometry.Positions;

    internal override Tensor Weights => Weight;

    internal override ValueDensity ExpectedDensity(LayerGraph graph) =>
        Relu ? ValueDensity.Rectified : ValueDensity.Dense;

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        ConvolutionGeometry g = Geometry with { Batch = graph.RowsOf(Output).Of(batch) };
        ValueLayout writes =
            Result is not null ? ValueLayout.Bytes : IsLinear ? ValueLayout.RowMajor : ValueLayout.ChannelsLast;
        ByteGrid input = graph.Grids[Inputs[0]], residual = Inputs.Count > 1 ? graph.Grids[Inputs[1]] : default;
        Candidate Of(string kernel, double cost, Func<Step> make) => new(kernel, ValueLayout.Bytes, writes, cost, make);
        Candidate int8 = Of(KernelNames.Int8, Int8Convolution.Cost(g), () => new Int8Step(
            new Int8Convolution(
                g, Weight.ToRowMajor().Physical(), WeightScale.AsSpan<float>(),
                Bias is null ? [] : Bias.AsSpan<float>(), input),
            new Int8Tail { Inner = Inner, ResidualGrid = residual, Relu = Relu, Result = Result },
            graph.RowsOf(Output)) { Reads = ValueLayout.Bytes, Writes = writes });
        if (IsLinear)
        {
            return [int8];
        }

        return
        [
            int8, .. FloatMethods.Where(method => PackedConvolution.Fits(g, method)).Select(method => Of(
                KernelNames.InFloat(method),
                PackedConvolution.Cost(g, method) + (2 * CandidateForms.CostOfMoving * (g.InCount + g.OutCount)),
                () => new FloatBetweenBytesStep(
                    this, new PackedConvolution(g, Weight.ToRowMajor().Physical(), method), (input, residual),
                    graph.RowsOf(Output))
                { Reads = ValueLayout.Bytes, Writes = writes })),
        ];
    }
}

/// <summary>Executes the layer with an integer kernel.</summary>
internal sealed class Int8Step(Int8Convolution convolution, Int8Tail tail, Rows images) : Step
{
    internal override string Kernel => KernelNames.Int8;

    internal override long WeightFloats => convolution.WeightFloats;

    internal override void Run(in StepCall call) =>
        convolution.Run(images.Of(call.Batch), call.X, call.Y, tail with { Residual = call.Residual });
}

/// <summary>
/// Executes the layer with a float kernel: converts the bytes to floats and, if required, the result back to bytes.
/// </summary>
internal sealed class FloatBetweenBytesStep(
    Int8ConvolutionLayer layer, PackedConvolution convolution, (ByteGrid Input, ByteGrid Residual) grids,
    Rows images) : Step
{
    private readonly PinnedFloats? _bias = layer.Bias.Pinned();

    internal override string Kernel => KernelNames.InFloat(convolution.Method);

    internal override long WeightFloats => convolution.WeightFloats;

    internal override void Run(in StepCall call)
    {
        ConvolutionGeometry g = layer.Geometry with { Batch = images.Of(call.Batch) };
        int pixels = g.Batch * g.OutHeight * g.OutWidth, count = checked((int)g.OutCount);
        FloatAddress x = FloatScratch.Rent(Scratch.Use.Dequantized, g.InCount), added = default;
        ByteCopies.Dequantize(call.X, x, g.Batch * g.InHeight * g.InWidth, g.InChannels, grids.Input);
        if (!call.Residual.IsNull)
        {
            added = FloatScratch.Rent(Scratch.Use.Added, count);
            ByteCopies.Dequantize(call.Residual, added, pixels, g.OutChannels, grids.Residual);
        }

        FloatAddress y = layer.Result is null ? call.Y : FloatScratch.Rent(Scratch.Use.Sums, count);
        bool isLast = layer.Inner is null;
        convolution.Run(g.Batch, x, y, new LayerTail
        {
            Bias = _bias, Residual = isLast ? added : default, Relu = isLast && layer.Relu,
        });
        if (layer.Inner is { } inner)
        {
            AddRounded(y.Span(count), added, inner);
        }

        if (layer.Result is { } result)
        {
            ByteCopies.Quantize(y, call.Y, pixels, g.OutChannels, result);
        }
    }

    private void AddRounded(Span<float> y, FloatAddress added, ByteGrid inner)
    {
        Elementwise.Apply(new Kernels.FakeQuantize(inner.Scale, -inner.Zero, byte.MaxValue - inner.Zero), y, y);
        if (!added.IsNull)
        {
            Elementwise.Apply(default(Kernels.AddKernel), y, added.Span(y.Length), y);
        }

        if (layer.Relu)
        {
            Elementwise.Apply(default(Kernels.Relu), y, y);
        }
    }
}
