using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports normalization over neighboring channels (LRN), as in AlexNet and GoogLeNet.</summary>
internal static class LocalResponseOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
        [ElementwiseOperators.Row("LRN", LocalResponseNormalization)];

    /// <summary>
    /// Computes <c>x / (bias + alpha * mean)^beta</c>, where the mean is that of the squares of <c>size</c> neighboring
    /// channels, and channels outside of the input count as zeros. The channels become the rows of an image, so that
    /// average pooling computes the mean.
    /// </summary>
    private static void LocalResponseNormalization(NodeImport node)
    {
        Value x = node.Input(0);
        long size = node.Int("size");
        if (x.Shape.Rank < 3 || size < 1 || size > 2L * x.Shape[1])
        {
            throw node.Bad($"needs an input [N, C, ...] and a size from 1 to 2 C (got {x.Shape} and {size})");
        }

        int before = (int)((size - 1) / 2), after = (int)(size / 2);
        var neighbors = new AvgPool2d(new Pool2dOptions
        {
            Kernel = ((int)size, 1), Stride = (1, 1), Padding = new Padding2d(before, 0, after, 0),
        });
        int[] image = [x.Shape[0], 1, x.Shape[1], x.Shape.CountOf(2, x.Shape.Rank)];
        Value squares = node.Add(new Multiply(), x, x);
        Value means = node.Add(neighbors, node.Add(ShapeOperators.To(squares, image), squares));
        Value scaled = node.Add(
            new Multiply(), node.Add(ShapeOperators.To(means, [.. x.Shape]), means),
            Constant("alpha", 1e-4f));
        Value root = node.Add(new Power(), node.Add(new Add(), scaled, Constant("bias", 1)), Constant("beta", 0.75f));
        node.Result(new Divide(), x, root);

        Value Constant(string name, float absent) => node.Constant(Tensor.Scalar(node.Float(name, absent)), name);
    }
}
