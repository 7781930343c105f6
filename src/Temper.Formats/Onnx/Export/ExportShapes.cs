using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Exports operators that rearrange elements.</summary>
internal static class ExportShapes
{
    private const int WrapOpset = 19;

    internal static void Write(NodeExport node)
    {
        switch (node.Node.Operator)
        {
            case Flatten:
                node.Result("Flatten", node.Inputs, ("axis", 1));
                break;
            case Reshape reshape:
                // A length of 0 copies the length of the input's axis: the batch.
                node.Result("Reshape", [.. node.Inputs, node.Constant(
                    "shape", [.. reshape.KeepsAxis0 ? (int[])[0] : [], .. reshape.SampleShape])]);
                break;
            case Permute permute:
                node.Result("Transpose", node.Inputs, ("perm", permute.Axes.ToArray()));
                break;
            case Concatenate concatenate:
                node.Result("Concat", node.Inputs, ("axis", concatenate.Axis));
                break;
            case Slice slice:
                node.Result(
                    "Slice",
                    [
                        .. node.Inputs, node.Constant("start", slice.Start), node.Constant("end", slice.End),
                        node.Constant("axis", slice.Axis), node.Constant("step", slice.Step),
                    ]);
                break;
            case Expand expand:
                node.Result("Expand", [node.Inputs[0], node.Inputs.Count > 1
                    ? BatchShape(node, expand)
                    : node.Constant("shape", [.. expand.Lengths])]);
                break;
            case Gather gather:
                node.Result("Gather", node.Inputs, ("axis", gather.Axis));
                break;
            case GatherElements gather:
                node.Result("GatherElements", node.Inputs, ("axis", gather.Axis));
                break;
            case Pad pad:
                Write(node, pad);
                break;
        }
    }

    /// <summary>
    /// Returns the target shape as a value: the batch length of the second input, then the fixed lengths.
    /// </summary>
    private static string BatchShape(NodeExport node, Expand expand)
    {
        string batch = node.Step(
            "Slice", [node.Step("Shape", [node.Inputs[1]]), node.Constant("start", 0), node.Constant("end", 1)]);
        return expand.Lengths.Count == 1
            ? batch
            : node.Step("Concat", [batch, node.Constant("shape", [.. expand.Lengths.Skip(1)])], ("axis", 0));
    }

    private static void Write(NodeExport node, Pad pad)
    {
        if (pad.Mode == PadMode.Wrap && node.Opset < WrapOpset)
        {
            throw node.Unfit($"uses wrap padding, which needs opset {WrapOpset} (got {node.Opset}); export with a "
                + "newer opset");
        }

        int rank = node.InputShape.Rank, axis = pad.Axis < 0 ? pad.Axis + rank : pad.Axis;
        int[] pads = new int[2 * rank];
        (pads[axis], pads[axis + rank]) = (pad.Before, pad.After);
        string fill = node.Constant("value", Tensor.Scalar(pad.Fill).To(node.Graph.InfoOf(node.Node.Inputs[0]).DType));
        node.Result(
            "Pad", [.. node.Inputs, node.Constant("pads", pads), fill],
            ("mode", pad.Mode.ToString().ToLowerInvariant()));
    }
}
