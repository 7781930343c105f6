using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports elementwise functions of one input.</summary>
internal static class ElementwiseOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
        Enum.GetValues<PointwiseFunction>().Where(function => function != PointwiseFunction.Swish)
            .Select(function => Row(function.ToString(), node => node.Result(new Pointwise(function), node.Input(0))))
            .Concat(
            [
                Row("Relu", node => node.Result(new Relu(), node.Input(0))),
                Row("Tanh", node => node.Result(new Tanh(), node.Input(0))),
                Row("Sigmoid", node => node.Result(new Sigmoid(), node.Input(0))),
                Row("Softplus", node => node.Result(new Softplus(), node.Input(0))),
                Row("LeakyRelu", node => node.Result(new LeakyRelu(node.Float("alpha", 0.01f)), node.Input(0))),
                Row("Elu", node => node.Result(new Elu(node.Float("alpha", 1)), node.Input(0))),
                Row("Celu", node => node.Result(new Celu(node.Float("alpha", 1)), node.Input(0))),
                Row("Selu", node => node.Result(
                    new Selu { Alpha = node.Float("alpha", 1.67326319f), Gamma = node.Float("gamma", 1.05070102f) },
                    node.Input(0))),
                Row("HardSigmoid", node => node.Result(
                    new HardSigmoid { Alpha = node.Float("alpha", 0.2f), Beta = node.Float("beta", 0.5f) },
                    node.Input(0))),
                Row("ThresholdedRelu", ThresholdedRelu),
                Row("Gelu", node => node.Result(new Gelu(node.Text("approximate", "none") is "tanh"), node.Input(0))),
                Row("Swish", Swish),
                Row("PRelu", node => node.Result(new PRelu(), node.Input(0), node.Input(1))),
                Row("Clip", Clip),
                Row("Dropout", Dropout),
            ]);

    internal static KeyValuePair<string, OnnxOperator> Row(string name, OnnxOperator translate) => new(name, translate);

    private static void ThresholdedRelu(NodeImport node)
    {
        Value x = node.Input(0);
        Value isAbove =
            node.Add(new Compare(Comparison.Greater), x, node.Constant(Tensor.Scalar(node.Float("alpha", 1)), "alpha"));
        node.Result(new Where(), isAbove, x, node.Constant(Tensor.Scalar(0f), "zero"));
    }

    private static void Swish(NodeImport node)
    {
        float alpha = node.Float("alpha", 1);
        if (alpha == 1)
        {
            node.Result(new Pointwise(PointwiseFunction.Swish), node.Input(0));
            return;
        }

        Value scaled = node.Add(new Multiply(), node.Input(0), node.Constant(Tensor.Scalar(alpha), "alpha"));
        node.Result(new Multiply(), node.Input(0), node.Add(new Sigmoid(), scaled));
    }

    /// <summary>
    /// Bounds were attributes before opset 11. If the minimum is above the maximum, the maximum applies.
    /// </summary>
    private static void Clip(NodeImport node)
    {
        Value x = node.Input(0);
        if (node.Opset < 11)
        {
            node.Result(
                new Clip(node.Float("min", float.NegativeInfinity), node.Float("max", float.PositiveInfinity)), x);
            return;
        }

        bool isPlain =
            x.DType == DType.Float32 && (!node.Has(1) || node.IsKnown(1)) && (!node.Has(2) || node.IsKnown(2));
        float low = isPlain && node.Has(1) ? node.Fixed(1, "min").First.ToScalar() : float.NegativeInfinity;
        float high = isPlain && node.Has(2) ? node.Fixed(2, "max").First.ToScalar() : float.PositiveInfinity;
        if (isPlain && low <= high)
        {
            node.Result(new Clip(low, high), x);
            return;
        }

        Value above = node.Has(1) ? node.Add(new Maximum(), x, node.Input(1)) : x;
        node.Set(0, node.Has(2) ? node.Add(new Minimum(), above, node.Input(2)) : above);
    }

    /// <summary>
    /// Output 1, the mask, is true for all elements in evaluation. With a ratio of 0, as torchvision exports some
    /// layers, training does not differ from evaluation.
    /// </summary>
    private static void Dropout(NodeImport node)
    {
        float rate =
            node.Opset < 12 ? node.Float("ratio", 0.5f) : node.Has(1) ? node.Fixed(1, "ratio").First.ToScalar() : 0.5f;
        _ = node.Int("seed", 0);
        if (rate != 0 && node.Has(2) && node.Single(2, "training_mode").ToArray<bool>()[0])
        {
            throw node.Bad(
                "training_mode is true, which is not supported; set it to false (Temper applies dropout when it "
                    + "trains)");
        }

        Value x = node.Input(0);
        node.Result(new Dropout(rate), x);
        if (node.Wants(1))
        {
            node.Set(1, x.IsBatched
                ? throw node.Mixed("has a mask output, whose length depends on the batch")
                : Known.Of($"{node.Name}/mask", Tensor.Full(x.Shape, true)));
        }
    }
}
