using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>
/// Nodes from x [N, 2, 4] to y that keep samples independent although they use the batch axis, and their result for one
/// sample.
/// </summary>
/// <param name="Name">Description of the nodes.</param>
/// <param name="Build">Adds the nodes.</param>
/// <param name="Expected">Expected result for the values of one sample, row-major.</param>
internal sealed record ApartRow(string Name, Func<OnnxModelBuilder, OnnxModelBuilder> Build, Func<float[], IEnumerable<float>> Expected)
{
    private static readonly float[] Token = [0.5f, -1, 2, 3];

    internal int Opset { get; init; } = 13;

    internal static ApartRow[] All { get; } =
    [
        new("class token by Expand", model => BatchThen(model, 1, 4).Weight("cls", Token, 1, 1, 4).Node("Expand", "cls,shape", "c").Node("Concat", "c,x", "y", ("axis", 1)), x => Token.Concat(x)),
        new("class token without a batch axis", model => BatchThen(model, 1, 4).Weight("cls", Token, 4).Node("Expand", "cls,shape", "c").Node("Concat", "c,x", "y", ("axis", 1)), x => Token.Concat(x)),
        new("the same token twice", model => BatchThen(model, 1, 4).Weight("cls", Token, 1, 1, 4).Node("Expand", "cls,shape", "c").Node("Concat", "c,x,c", "y", ("axis", 1)), x => [.. Token, .. x, .. Token]),
        new("token plus a constant", model => BatchThen(model, 2, 4).Weight("cls", Token, 1, 1, 4).Weight("d", [1, 2], 2, 1).Node("Expand", "cls,shape", "c").Node("Add", "c,d", "e").Node("Mul", "e,x", "y"), x => x.Select((v, i) => v * (Token[i % 4] + 1 + (i / 4)))),
        new("zeros by ConstantOfShape", model => BatchThen(model, 1, 4).Node("ConstantOfShape", "shape", "z").Node("Concat", "z,x", "y", ("axis", 1)), x => new float[4].Concat(x)),
        new("positions by Expand and Gather", model => BatchThen(model, 2).Ints("p", 1, 0).Weight("table", [1, 2, 3, 4, 5, 6, 7, 8], 2, 4).Node("Expand", "p,shape", "ids").Node("Gather", "table,ids", "e").Node("Add", "x,e", "y"), x => x.Select((v, i) => v + ((i + 4) % 8) + 1)),
        new("Reshape to a shape of Shape", model => BatchThen(model, 8).Node("Reshape", "x,shape", "y"), x => x),
        new("Reshape and back by Shape", model => BatchThen(model, -1).Node("Reshape", "x,shape", "f").Node("Relu", "f", "r").Node("Reshape", "r,whole", "y"), x => x.Select(v => MathF.Max(v, 0))),
        new("Resize to sizes of Shape", model => BatchThen(model, 2, 8).Node("Resize", "x,,,shape", "y", ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")), x => x.SelectMany(v => new[] { v, v })),
        new("Expand to its own shape", model => model.Node("Shape", "x", "shape").Node("Expand", "x,shape", "y"), x => x),
        new("Transpose, Relu, back", model => Moved(model, 1, 0, 2).Node("Relu", "t", "r").Node("Transpose", "r", "y", ("perm", new[] { 1, 0, 2 })), x => x.Select(v => MathF.Max(v, 0))),
        new("Transpose, constants of every rank, back", model => Moved(model, 2, 0, 1).Weight("s", [2], 1).Weight("c", [1, 2], 2).Weight("d", [1, 2, 3, 4], 4, 1, 1)
            .Node("Mul", "t,s", "a").Node("Add", "a,c", "b").Node("Sub", "b,d", "e").Node("Transpose", "e", "y", ("perm", new[] { 1, 2, 0 })), x => x.Select((v, i) => (2 * v) + (i / 4) + 1 - ((i % 4) + 1))),
        new("Transpose, layer of the last axis, Softmax, back", model => Moved(model, 1, 0, 2).Weight("w", [.. Enumerable.Range(0, 16).Select(i => i % 5 == 0 ? 2f : 0)], 4, 4)
            .Node("MatMul", "t,w", "m").Node("Softmax", "m", "p").Node("Transpose", "p", "y", ("perm", new[] { 1, 0, 2 })), x => x.Chunk(4).SelectMany(row => row.Select(v => MathF.Exp(2 * v) / row.Sum(other => MathF.Exp(2 * other))))),
        new("Transpose through two more", model => Moved(model, 1, 2, 0).Node("Transpose", "t", "u", ("perm", new[] { 1, 0, 2 })).Node("Sigmoid", "u", "r").Node("Transpose", "r", "y", ("perm", new[] { 2, 1, 0 })), x => x.Select(v => 1 / (1 + MathF.Exp(-v)))),
        new("two transposed values added, back", model => Moved(model, 1, 0, 2).Node("Neg", "t", "n").Node("Mul", "t,n", "r").Node("Transpose", "r", "y", ("perm", new[] { 1, 0, 2 })), x => x.Select(v => -v * v)),
        new("Transpose, Gather of each part", model => Moved(model, 1, 0, 2).Int("i", 0).Int("j", 1).Node("Gather", "t,i", "a", ("axis", 0)).Node("Gather", "t,j", "b", ("axis", 0)).Node("Sub", "a,b", "y"), x => x.Take(4).Select((v, i) => v - x[i + 4])),
        new("Transpose, Gather of a list, back", model => Moved(model, 2, 0, 1).Ints("i", 3, 0, 3).Node("Gather", "t,i", "g", ("axis", 0)).Node("Transpose", "g", "y", ("perm", new[] { 1, 2, 0 })), x => [x[3], x[0], x[3], x[7], x[4], x[7]]),
        new("Transpose, Split, Squeeze", model => Moved(model, 1, 0, 2).Ints("axes", 0).Ints("parts", 1, 1).Node("Split", "t,parts", "a,b", ("axis", 0)).Node("Squeeze", "a,axes", "c").Node("Squeeze", "b,axes", "d").Node("Mul", "c,d", "y"), x => x.Take(4).Select((v, i) => v * x[i + 4])),
        new("Transpose, Unsqueeze on both sides, Squeeze, back", model => Moved(model, 1, 0, 2).Ints("more", 0, 3).Node("Unsqueeze", "t,more", "u").Node("Neg", "u", "n").Node("Squeeze", "n,more", "s").Node("Transpose", "s", "y", ("perm", new[] { 1, 0, 2 })), x => x.Select(v => -v)),
        new("samples and rows merged, layer, and back by Shape", model => model.Weight("w", [.. Enumerable.Range(0, 16).Select(i => i % 5 == 0 ? 3f : 0)], 4, 4).Ints("flat", -1, 4).Node("Shape", "x", "whole")
            .Node("Reshape", "x,flat", "f").Node("MatMul", "f,w", "m").Node("Reshape", "m,whole", "y"), x => x.Select(v => 3 * v)),
        new("attention with merged samples and heads", Attention, x => Enumerable.Range(0, 8).Select(at => Attended(x, at / 4, at % 4 / 2, at % 2))),
        new("attention with merged samples and heads, old softmax", Attention, x => Enumerable.Range(0, 8).Select(at => Attended(x, at / 4, at % 4 / 2, at % 2))) { Opset = 11 },
        new("Dropout in training with a ratio of 0", model => model.Weight("ratio", [0]).Bool("training", true).Node("Dropout", "x,ratio,training", "y"), x => x),
        new("batch normalization of three axes", model => model.Weight("g", [1, 2], 2).Weight("b", [3, 4], 2).Weight("m", [5, 6], 2).Weight("v", [7, 8], 2).Node("BatchNormalization", "x,g,b,m,v", "y", ("epsilon", 0f)),
            x => x.Select((v, i) => i < 4 ? ((v - 5) / MathF.Sqrt(7)) + 3 : (2 * (v - 6) / MathF.Sqrt(8)) + 4)),
    ];

    /// <summary>
    /// Attention of 2 tokens to themselves in 2 heads of 2 values, as PyTorch exports it: tokens first, and samples and
    /// heads in one axis.
    /// </summary>
    private static OnnxModelBuilder Attention(OnnxModelBuilder model) => Moved(model, 1, 0, 2).Ints("one", 1).Ints("two", 2).Ints("four", 4).Ints("heads", 2)
        .Node("Shape", "t", "lengths").Node("Gather", "lengths,one", "n").Node("Mul", "n,heads", "nh").Node("Concat", "two,nh,two", "split", ("axis", 0)).Node("Reshape", "t,split", "s")
        .Node("Transpose", "s", "q", ("perm", new[] { 1, 0, 2 })).Node("Transpose", "s", "k", ("perm", new[] { 1, 2, 0 })).Node("MatMul", "q,k", "scores").Node("Softmax", "scores", "p", ("axis", 2)).Node("MatMul", "p,q", "a")
        .Node("Transpose", "a", "back", ("perm", new[] { 1, 0, 2 })).Node("Mul", "n,two", "tn").Node("Concat", "tn,four", "flat", ("axis", 0)).Node("Reshape", "back,flat", "f")
        .Weight("w", [.. Enumerable.Range(0, 16).Select(i => i % 5 == 0 ? 2f : 0)], 4, 4).Weight("b", [1, 1, 1, 1], 4).Node("Gemm", "f,w,b", "g").Node("Concat", "two,n,four", "joined", ("axis", 0)).Node("Reshape", "g,joined", "j")
        .Node("Transpose", "j", "y", ("perm", new[] { 1, 0, 2 }));

    private static float Attended(float[] x, int token, int head, int value)
    {
        float At(int row, int i) => x[(row * 4) + (head * 2) + i];
        double[] weights = [.. Enumerable.Range(0, 2).Select(other => Math.Exp((At(token, 0) * At(other, 0)) + (At(token, 1) * At(other, 1))))];
        return (float)((2 * Enumerable.Range(0, 2).Sum(other => weights[other] * At(other, value)) / weights.Sum()) + 1);
    }

    /// <summary>A shape that begins with the number of samples.</summary>
    private static OnnxModelBuilder BatchThen(OnnxModelBuilder model, params long[] behind) => model.Ints("first", 0).Ints("behind", behind)
        .Node("Shape", "x", "whole").Node("Gather", "whole,first", "n").Node("Concat", "n,behind", "shape", ("axis", 0));

    private static OnnxModelBuilder Moved(OnnxModelBuilder model, params int[] order) => model.Node("Transpose", "x", "t", ("perm", order));
}
