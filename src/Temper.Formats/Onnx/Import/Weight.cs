using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>A known value used as a parameter or buffer.</summary>
/// <param name="Source">The value.</param>
/// <param name="Form">Conversion applied to the value, empty if none; parameters are shared per source and
/// form.</param>
/// <param name="Value">The tensor in the form that the operator expects.</param>
internal readonly record struct Weight(Known Source, string Form, Tensor Value)
{
    /// <summary>
    /// Returns the weights of a layer such that constants that the exporter stored once, because their numbers are
    /// equal, become the layer's own. All zero biases of a new network, or the scale and the variance of all its
    /// normalizations, can be one initializer. A layer that is used twice shares its other weights too.
    /// </summary>
    /// <param name="weights">The weights in the order of the operator's specs.</param>
    /// <param name="node">Unique name of the node.</param>
    internal static Weight[] Apart(IReadOnlyList<Weight> weights, string node)
    {
        string owner = weights.FirstOrDefault(weight => weight.Value.DType == DType.Float32 && !IsMerged(weight)).Source
            is { } own ? $"weight {own.Name}" : $"node {node}";
        return
        [
            .. weights.Select((weight, i) =>
                IsMerged(weight) ? weight with { Form = $"{weight.Form} input {i} of {owner}" } : weight),
        ];

        bool IsMerged(Weight weight) => IsUniform(weight.Value)
            || weights.Count(other => ReferenceEquals(other.Source, weight.Source)) > 1;
    }

    /// <summary>
    /// Whether a value is a vector of equal numbers, as layers have at the start; a single one must be 0 or 1.
    /// </summary>
    internal static bool IsUniform(Tensor value) => value is { Rank: 1, Count: > 0, DType: DType.Float32 }
        && value.AsSpan<float>() is [var first, ..] numbers
        && !numbers.ContainsAnyExcept(first) && (numbers.Length > 1 || first is 0 or 1);
}
