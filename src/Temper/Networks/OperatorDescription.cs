namespace Temper.Networks;

/// <summary>An operator as plain values, for files: its standard name and attributes.</summary>
/// <param name="Kind">The operator's <see cref="Operator.Kind"/>.</param>
/// <param name="Attributes">Its attributes.</param>
public sealed record OperatorDescription(string Kind, OperatorAttributes Attributes)
{
    /// <summary>The ONNX operator set whose meaning of <see cref="Kind"/> and attributes is meant.</summary>
    public const int Opset = 13;
}
