using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Exports activation functions and other elementwise operators, as ONNX operators or as formulas.</summary>
internal static class ExportElementwise
{
    /// <exception cref="NotSupportedException">The operator set has no equivalent.</exception>
    internal static void Write(NodeExport node)
    {
        switch (node.Node.Operator)
        {
            case LeakyRelu leaky: node.Result("LeakyRelu", node.Inputs, ("alpha", leaky.Slope)); break;
            case Elu elu: node.Result("Elu", node.Inputs, ("alpha", elu.Alpha)); break;
            case Celu celu: node.Result("Celu", node.Inputs, ("alpha", celu.Alpha)); break;
            case Selu selu: node.Result("Selu", node.Inputs, ("alpha", selu.Alpha), ("gamma", selu.Gamma)); break;
            case HardSigmoid hard:
                node.Result("HardSigmoid", node.Inputs, ("alpha", hard.Alpha), ("beta", hard.Beta));
                break;
            case Softmax softmax: node.Result("Softmax", node.Inputs, ("axis", softmax.Axis)); break;
            case LogSoftmax softmax: node.Result("LogSoftmax", node.Inputs, ("axis", softmax.Axis)); break;
            case Dropout dropout:
                node.Result("Dropout", [.. node.Inputs, node.Constant("ratio", Tensor.Scalar(dropout.Rate))]);
                break;
            case Clip clip: Write(node, clip); break;
            case Gelu gelu: Write(node, gelu); break;
            case Pointwise { Function: PointwiseFunction.Swish }:
                node.Result("Mul", [node.Inputs[0], node.Step("Sigmoid", node.Inputs)]);
                break;
            case Pointwise { Function: PointwiseFunction.Mish }:
                node.Result("Mul", [node.Inputs[0], node.Step("Tanh", [node.Step("Softplus", node.Inputs)])]);
                break;
            case Pointwise { Function: PointwiseFunction.HardSwish } when node.Opset < 14:
                node.Result(
                    "Mul", [node.Inputs[0], node.Step("HardSigmoid", node.Inputs, ("alpha", 1f / 6), ("beta", 0.5f))]);
                break;
            case Pointwise or Relu or Networks.Tanh or Sigmoid or Softplus or BinaryOperator or MatMul or Where:
                node.Result(node.Node.Operator.Kind, node.Inputs);
                break;
            default:
                throw node.Unfit("has no equivalent in ONNX; replace it before exporting");
        }
    }

    private static void Write(NodeExport node, Clip clip)
    {
        string low = float.IsFinite(clip.Minimum) ? node.Constant("min", Tensor.Scalar(clip.Minimum)) : "";
        string[] high = float.IsFinite(clip.Maximum) ? [node.Constant("max", Tensor.Scalar(clip.Maximum))] : [];
        node.Result("Clip", [node.Inputs[0], .. low.Length > 0 || high.Length > 0 ? (string[])[low] : [], .. high]);
    }

    /// <summary>Exports Gelu: as an operator from opset 20 on, as a formula for older operator sets.</summary>
    private static void Write(NodeExport node, Gelu gelu)
    {
        string x = node.Inputs[0];
        if (node.Opset >= 20)
        {
            node.Result("Gelu", node.Inputs, ("approximate", gelu.IsApproximate ? "tanh" : "none"));
            return;
        }

        string inner = gelu.IsApproximate
            ? node.Step("Mul", [node.Step("Add",
            [
                x, node.Step("Mul", [node.Step("Mul", [node.Step("Mul", [x, x]), x]), Number("cubic", 0.044715f)]),
            ]), Number("root", MathF.Sqrt(2 / MathF.PI))])
            : node.Step("Mul", [x, Number("root", 1 / MathF.Sqrt(2))]);
        string sign = node.Step(gelu.IsApproximate ? "Tanh" : "Erf", [inner]);
        node.Result("Mul", [node.Step("Mul", [x, Number("half", 0.5f)]), node.Step("Add", [sign, Number("one", 1)])]);

        string Number(string name, float value) => node.Constant(name, Tensor.Scalar(value));
    }
}
