using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary><c>gain x + offset</c>, an addition (the second input) and ReLU behind it.</summary>
/// <remarks>
/// Of an image with a gain for each channel, <see cref="IsPerChannel"/> is true. Otherwise there are P gains for the
/// elements in row-major order, element i taking that of i mod P: one for all, one for each feature of a row, one for
/// each element of a sample.
/// </remarks>
internal sealed record ChannelAffineLayer : Layer
{
    /// <summary><c>[P]</c>.</summary>
    internal required Tensor Gain { get; init; }

    /// <summary><c>[P]</c>.</summary>
    internal required Tensor Offset { get; init; }

    /// <summary>Whether gains belong to axis 1 of <c>[N, C, H, W]</c>.</summary>
    internal bool IsPerChannel { get; init; }

    /// <summary>
    /// For each channel of an image the channel that it is made of; empty: itself. Then nothing is added, and no ReLU
    /// follows.
    /// </summary>
    internal IReadOnlyList<int> Order { get; init; } = [];

    internal bool Relu { get; init; }

    internal override object Attributes => ("scale", IsPerChannel, Gain.Count, Order.Count, Relu);

    internal override string Kind => "scale";

    internal override ChannelAffineLayer? WithRelu(int output) =>
        Order.Count > 0 ? null : this with { Output = output, Relu = true };

    internal override Layer? WithAddition(int other, SumLayer sum) =>
        Relu || Inputs.Count > 1 || Order.Count > 0
            ? null
            : this with { Inputs = [Inputs[0], other], Output = sum.Output, Relu = sum.Relu };

    internal override ValueDensity ExpectedDensity(LayerGraph graph) =>
        Relu ? ValueDensity.Rectified : ValueDensity.Dense;

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        ValueInfo value = graph.Values[Output];
        Candidate plain = graph.Moving(
            this, "elementwise", IsPerChannel ? ValueLayout.ChannelsLast : ValueLayout.RowMajor, batch, layout =>
            new ChannelAffineStep(
                Repeated(Gain, value.Shape.Count), Repeated(Offset, value.Shape.Count), Relu,
                graph.ElementsOf(Output)) { Reads = layout, Writes = layout });
        bool isReordered = Order.Count > 0;
        if (!isReordered && (!IsPerChannel || Relu || Inputs.Count > 1 || !graph.IsAlwaysRowMajor(Inputs[0])))
        {
            return [plain];
        }

        // What comes row-major has to be brought into another order anyway.
        Rows images = graph.RowsOf(Output);
        Candidate Scaled(string kernel, ValueLayout layout) =>
            new(kernel, ValueLayout.RowMajor, layout, plain.Cost, () =>
            new ScaledCopyStep(
                value, new ChannelMap(Gain.AsSpan<float>(), Offset.AsSpan<float>(), [.. Order]), images, kernel)
            {
                Reads = ValueLayout.RowMajor, Writes = layout,
            });
        bool isFree = LayoutChange.IsFree(value, ValueLayout.RowMajor, ValueLayout.ChannelsLast);
        return
        [
            .. isReordered ? Array.Empty<Candidate>() : [plain],
            .. isFree && !isReordered
                ? Array.Empty<Candidate>()
                : [Scaled(KernelNames.ScaledCopy, ValueLayout.ChannelsLast)],
            .. graph.PlanesFor(value, batch, fitsPieces: true).Select(planes =>
                Scaled(
                    planes.IsCut ? KernelNames.OnPieces(KernelNames.ScaledPlanes) : KernelNames.ScaledPlanes, planes)),
        ];
    }

    /// <summary>
    /// Few numbers several times in a row, as often as the elements of a sample allow, so that they fill vectors.
    /// </summary>
    private static PinnedFloats Repeated(Tensor row, int elements)
    {
        const int Wanted = 64;
        int times = 1;
        while (times * row.Count < Wanted && elements % (2 * times * row.Count) == 0)
        {
            times *= 2;
        }

        float[] all = new float[times * row.Count];
        for (int i = 0; i < times; i++)
        {
            row.AsSpan<float>().CopyTo(all.AsSpan(i * row.Count));
        }

        return new PinnedFloats(all);
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

/// <summary>Row-major images whose channels are mapped on the way into another layout.</summary>
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
