using System.Diagnostics.CodeAnalysis;

namespace Temper.Formats.Onnx;

/// <summary>Translates a node and sets its outputs.</summary>
internal delegate void OnnxOperator(NodeImport node);

/// <summary>All operators of the standard domain that can be imported, keyed by name.</summary>
internal static class OnnxOperators
{
    private static readonly SortedDictionary<string, OnnxOperator> Rows = new(StringComparer.Ordinal);

    static OnnxOperators()
    {
        foreach ((string name, OnnxOperator translate) in
            ElementwiseOperators.Rows.Concat(ArithmeticOperators.Rows)
                .Concat(ShapeOperators.Rows).Concat(SliceOperators.Rows).Concat(ConstantOperators.Rows)
                .Concat(LayerOperators.Rows).Concat(BlockOperators.Rows).Concat(MaskOperators.Rows)
                .Concat(EinsumOperators.Rows).Concat(WindowOperators.Rows).Concat(NormalizationOperators.Rows)
                .Concat(LocalResponseOperators.Rows).Concat(ReductionOperators.Rows).Concat(LossOperators.Rows)
                .Concat(ResizeOperators.Rows).Concat(QuantizationOperators.Rows))
        {
            Rows.Add(name, translate);
        }
    }

    /// <summary>
    /// Whether an operator can be imported. If is imported without a translation: its branch takes its place.
    /// </summary>
    internal static bool IsSupported(string name) => name is "If" || Rows.ContainsKey(name);

    internal static bool TryFind(string name, [NotNullWhen(true)] out OnnxOperator? translate) =>
        Rows.TryGetValue(name, out translate);
}
