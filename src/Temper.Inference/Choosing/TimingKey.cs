using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Everything that determines how long a kernel takes. Equal layers have equal keys, whatever their names and weights.
/// </summary>
/// <param name="Attributes">Kind and attributes of the layer.</param>
/// <param name="Shapes">Shapes of its inputs and output.</param>
/// <param name="Kernel">Name of the kernel.</param>
/// <param name="Layer">
/// Name of the layer if the time depends on its zeros, whose positions no other layer shares; else null.
/// </param>
internal sealed record TimingKey(object Attributes, string Shapes, string Kernel, string? Layer)
{
    internal static TimingKey Of(LayerGraph graph, Layer layer, string kernel, bool leavesOutZeros) => new(
        layer.Attributes,
        string.Join(' ', layer.Inputs.Append(layer.Output).Select(value => $"{ValueShape.Of(graph.Values[value])}")),
        kernel,
        leavesOutZeros || layer.Weights is { } weights && weights.AsSpan<float>().Contains(0f) ? layer.Name : null);
}

/// <summary>Shape of a value, comparable by equality.</summary>
internal readonly record struct ValueShape(Shape Shape, DType DType, bool IsBatched)
{
    internal static ValueShape Of(in ValueInfo value) => new(value.Shape, value.DType, value.IsBatched);
}
