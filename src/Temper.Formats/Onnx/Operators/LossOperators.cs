using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports losses of log-probabilities or logits <c>[N, C, ...]</c> and labels <c>[N, ...]</c>.</summary>
internal static class LossOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("NegativeLogLikelihoodLoss", node => Loss(node, node.Input(0))),
        ElementwiseOperators.Row("SoftmaxCrossEntropyLoss", CrossEntropy),
    ];

    private static void CrossEntropy(NodeImport node)
    {
        Value logs = node.Add(new LogSoftmax(1), node.Input(0));
        Loss(node, logs);
        node.Set(1, logs);
    }

    /// <summary>
    /// Computes -w[label] x[label], or 0 for the ignored label; the mean is divided by the sum of the weights.
    /// </summary>
    private static void Loss(NodeImport node, Value logs)
    {
        Value labels = node.Input(1);
        string reduction = node.Text("reduction", "mean");
        bool ignores = node.Int("ignore_index", long.MinValue) != long.MinValue;
        Value weights = Weights(node, labels, ignores);
        Value kept = labels;
        if (ignores)
        {
            // The ignored label may be out of range; it is replaced by class 0, with weight 0.
            Value isIgnored = node.Add(new Compare(Comparison.Equal), labels, Ignored(node, labels.DType));
            kept = node.Add(new Where(), isIgnored, node.Constant(Tensor.Scalar(0L).To(labels.DType), "class"), labels);
        }

        int[] column = [.. labels.Shape.Take(1), 1, .. labels.Shape.Skip(1)];
        Value indices = node.Add(ShapeOperators.To(kept, column), kept);
        Value chosen = node.Add(new GatherElements(1), logs, indices);
        chosen = node.Add(ShapeOperators.To(chosen, [.. labels.Shape]), chosen);
        Value losses = node.Add(new Multiply(), node.Add(new Pointwise(PointwiseFunction.Neg), chosen), weights);
        int[] all = [.. Enumerable.Range(0, labels.Shape.Rank)];
        switch (reduction)
        {
            case "none":
                node.Set(0, losses);
                break;
            case "sum":
                node.Result(new Reduce(Reduction.Sum, all), losses);
                break;
            case "mean":
                node.Result(new Divide(), node.Add(new Reduce(Reduction.Sum, all), losses), node.Add(
                    new Reduce(Reduction.Sum, all), weights));
                break;
            default:
                throw node.Bad($"attribute 'reduction' is invalid (got \"{reduction}\", expected none, sum or mean)");
        }
    }

    /// <summary>Returns the weight of each label: the weight of its class, or 1; 0 for the ignored label.</summary>
    private static Value Weights(NodeImport node, Value labels, bool ignores)
    {
        Value weights = node.Has(2)
            ? node.Input(2)
            : node.Constant(Tensor.Ones([node.Input(0).Shape[1]]), "weights");
        Value safe = labels;
        if (ignores)
        {
            Value isIgnored = node.Add(new Compare(Comparison.Equal), labels, Ignored(node, labels.DType));
            safe = node.Add(new Where(), isIgnored, node.Constant(Tensor.Scalar(0L).To(labels.DType), "class"), labels);
            Value chosen = node.Add(new Gather(0), weights, safe);
            return node.Add(new Where(), isIgnored, node.Constant(Tensor.Scalar(0f), "none"), chosen);
        }

        return node.Add(new Gather(0), weights, safe);
    }

    private static Value Ignored(NodeImport node, DType type) =>
        node.Constant(Tensor.Scalar(node.Int("ignore_index", 0)).To(type), "ignored");
}
