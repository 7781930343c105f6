using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// What decides how long a kernel takes: equal layers have equal keys, whatever their names and weights.
/// </summary>
/// <param name="Attributes">The layer's kind and attributes.</param>
/// <param name="Shapes">Shapes of its inputs and output.</param>
/// <param name="Kernel">The kernel.</param>
/// <param name="Layer">
/// The layer's name where zeros decide, which no other layer has at the same indices; else null.
/// </param>
internal sealed record TimingKey(object Attributes, string Shapes, string Kernel, string? Layer)
{
    internal static TimingKey Of(LayerGraph graph, Layer layer, string kernel, bool leavesOutZeros) => new(
        layer.Attributes,
        string.Join(' ', layer.Inputs.Append(layer.Output).Select(value => $"{ValueShape.Of(graph.Values[value])}")),
        kernel,
        leavesOutZeros || layer.Weights is { } weights && weights.AsSpan<float>().Contains(0f) ? layer.Name : null);
}

/// <summary>A value's shape as it can be compared.</summary>
internal readonly record struct ValueShape(Shape Shape, DType DType, bool IsBatched)
{
    internal static ValueShape Of(in ValueInfo value) => new(value.Shape, value.DType, value.IsBatched);
}
