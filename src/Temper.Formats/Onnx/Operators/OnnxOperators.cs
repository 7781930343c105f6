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
                .Concat(LayerOperators.Rows)
                .Concat(WindowOperators.Rows).Concat(NormalizationOperators.Rows).Concat(ReductionOperators.Rows)
                .Concat(LossOperators.Rows).Concat(ResizeOperators.Rows).Concat(QuantizationOperators.Rows))
        {
            Rows.Add(name, translate);
        }
    }

    internal static IReadOnlyCollection<string> Names => Rows.Keys;

    internal static bool TryFind(string name, [NotNullWhen(true)] out OnnxOperator? translate) =>
        Rows.TryGetValue(name, out translate);
}
