using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports elementwise operators with two or more inputs.</summary>
internal static class ArithmeticOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        Binary("Add", new Add()),
        Binary("Sub", new Subtract()),
        Binary("Mul", new Multiply()),
        Binary("Div", new Divide()),
        .. Enum.GetValues<Comparison>().Select(comparison => Binary(comparison.ToString(), new Compare(comparison))),
        .. Enum.GetValues<LogicalFunction>().Select(function => Binary(function.ToString(), new Logical(function))),
        ElementwiseOperators.Row("Pow", Pow),
        ElementwiseOperators.Row("Max", node => node.Set(0, Chain(node, new Maximum()))),
        ElementwiseOperators.Row("Min", node => node.Set(0, Chain(node, new Minimum()))),
        ElementwiseOperators.Row("Sum", node => node.Set(0, Chain(node, new Add()))),
        ElementwiseOperators.Row("Mean", Mean),
        ElementwiseOperators.Row("Mod", Mod),
        ElementwiseOperators.Row("IsNaN", IsNaN),
        ElementwiseOperators.Row(
            "Where", node => node.Result(new Where(), node.Input(0), node.Input(1), node.Input(2))),
    ];

    private static KeyValuePair<string, OnnxOperator> Binary(string name, Operator operation) =>
        ElementwiseOperators.Row(name, node => node.Result(operation, node.Input(0), node.Input(1)));

    private static Value Chain(NodeImport node, Operator operation)
    {
        Value result = node.Input(0);
        for (int i = 1; i < node.InputCount; i++)
        {
            result = node.Add(operation, result, node.Input(i));
        }

        return result;
    }

    private static void Mean(NodeImport node) => node.Result(
        new Multiply(), Chain(node, new Add()), node.Constant(Tensor.Scalar(1f / node.InputCount), "share"));

    /// <summary>
    /// The quotient of integers is truncated, so the remainder has the sign of the dividend; without fmod it gets that
    /// of the divisor. Only integers are exact this way.
    /// </summary>
    private static void Mod(NodeImport node)
    {
        (Value x, Value divisor) = (node.Input(0), node.Input(1));
        bool keepsSign = node.Int("fmod", 0) != 0;
        if (x.DType is DType.Float32 or DType.Bool)
        {
            throw node.Bad($"is supported for integers only (got {x.DType})");
        }

        Value whole = node.Add(new Multiply(), node.Add(new Divide(), x, divisor), divisor);
        if (keepsSign)
        {
            node.Result(new Subtract(), x, whole);
            return;
        }

        Value rest = node.Add(new Subtract(), x, whole), zero = node.Constant(Tensor.Scalar(0L).To(x.DType), "zero");
        Value isExact = node.Add(new Compare(Comparison.Equal), rest, zero);
        Value differs = node.Add(
            new Logical(LogicalFunction.Xor), node.Add(new Compare(Comparison.Less), rest, zero),
            node.Add(new Compare(Comparison.Less), divisor, zero));
        Value isOff = node.Add(
            new Logical(LogicalFunction.And), differs, node.Add(new Pointwise(PointwiseFunction.Not), isExact));
        node.Result(new Where(), isOff, node.Add(new Add(), rest, divisor), rest);
    }

    /// <summary>NaN is the only value that is not equal to itself.</summary>
    private static void IsNaN(NodeImport node)
    {
        Value x = node.Input(0);
        node.Result(new Pointwise(PointwiseFunction.Not), node.Add(new Compare(Comparison.Equal), x, x));
    }

    /// <summary>The result has the dtype of the base; mixed dtypes are computed in float32.</summary>
    private static void Pow(NodeImport node)
    {
        (Value x, Value exponent) = (node.Input(0), node.Input(1));
        if (x.DType == exponent.DType)
        {
            node.Result(new Power(), x, exponent);
            return;
        }

        Value power = node.Add(new Power(), node.AsFloat(x), node.AsFloat(exponent));
        node.Set(0, x.DType == DType.Float32 ? power : node.Add(new Cast(x.DType), power));
    }
}
