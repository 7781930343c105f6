using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary><c>gain x + offset</c>, with an optional fused addition (the second input) and ReLU.</summary>
/// <remarks>
/// If <see cref="IsPerChannel"/> is true, there is one gain per image channel. Otherwise there are P gains for the
/// elements in row-major order, and element i uses gain i mod P: one for all elements, one per feature of a row, or one
/// per element of a sample.
/// </remarks>
internal sealed record ChannelAffineLayer : Layer
{
    /// <summary>Gains, <c>[P]</c>.</summary>
    internal required Tensor Gain { get; init; }

    /// <summary>Offsets, <c>[P]</c>.</summary>
    internal required Tensor Offset { get; init; }

    /// <summary>Whether the gains belong to axis 1 of <c>[N, C, H, W]</c>.</summary>
    internal bool IsPerChannel { get; init; }

    /// <summary>
    /// Source channel of each output channel; empty: no permutation. With a permutation the layer has no addition and
    /// no ReLU.
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

        // A row-major input has to be converted to another layout anyway, so the map is fused into that copy.
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
    /// Repeats a short row of numbers, as often as the number of elements per sample allows, so that it fills vectors.
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

/// <summary>
/// Applies a gain and an offset per channel to channels-last images, then an optional addition and ReLU.
/// </summary>
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

/// <summary>Maps the channels of row-major images while converting them to another layout.</summary>
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
