namespace Temper.Networks;

/// <summary>An operator as plain values, for files: its standard name and its attributes.</summary>
/// <param name="Kind">The operator's <see cref="Operator.Kind"/>.</param>
/// <param name="Attributes">Its attributes.</param>
public sealed record OperatorDescription(string Kind, OperatorAttributes Attributes)
{
    /// <summary>The ONNX operator set version that defines <see cref="Kind"/> and the attributes.</summary>
    public const int Opset = 13;
}
