using Temper.Networks;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>
/// Nodes from x [N, 4] to y whose result for a sample depends on the other samples, and a reference implementation in
/// plain loops.
/// </summary>
/// <param name="Name">Description of the nodes.</param>
/// <param name="Node">Name of the node that reads other samples.</param>
/// <param name="Build">Adds the nodes.</param>
/// <param name="Expected">Expected result for the rows of x, row-major.</param>
internal sealed record MixingRow(string Name, string Node, Func<OnnxModelBuilder, OnnxModelBuilder> Build, Func<float[][], float[]> Expected)
{
    internal const int Width = 4;

    internal int Opset { get; init; } = 13;

    /// <summary>
    /// Batch state if the file declares two samples. Some nodes need only the number of samples, which is then known.
    /// </summary>
    internal BatchKind Declared { get; init; } = BatchKind.Whole;

    internal static MixingRow[] All { get; } =
    [
        new("mean over the batch", "m", model => model.Node("ReduceMean", "x", "m", ("axes", new[] { 0 })).Node("Sub", "x,m", "y"), x => Each(x, (row, i) => row[i] - Mean(x, i))),
        new("norm of everything", "m", model => model.Node("ReduceL2", "x", "m").Node("Div", "x,m", "y"), x => Each(x, (row, i) => row[i] / MathF.Sqrt(x.Sum(all => all.Sum(v => v * v))))),
        new("sum of everything", "y", model => model.Node("ReduceSum", "x", "y", ("keepdims", 0)), x => [x.Sum(row => row.Sum())]),
        new("softmax over the batch", "y", model => model.Node("Softmax", "x", "y", ("axis", 0)), x => Each(x, (row, i) => MathF.Exp(row[i]) / x.Sum(other => MathF.Exp(other[i])))),
        new("softmax of everything, old", "y", model => model.Node("Softmax", "x", "y", ("axis", 0)), x => Each(x, (row, i) => MathF.Exp(row[i]) / x.Sum(other => other.Sum(MathF.Exp))))
            { Opset = 11 },
        new("products of samples", "t", model => model.Node("Transpose", "x", "t", ("perm", new[] { 1, 0 })).Node("MatMul", "x,t", "y"), x => [.. x.SelectMany(a => x.Select(b => Dot(a, b)))]),
        new(
            "attention between samples", "t",
            model => model.Node("Transpose", "x", "t", ("perm", new[] { 1, 0 })).Node("MatMul", "x,t", "s").Node("Softmax", "s", "p", ("axis", -1)).Node("MatMul", "p,x", "y"),
            x => [.. x.SelectMany(a => Attend(x, a))]),
        new("Gram matrix by Gemm", "y", model => model.Node("Gemm", "x,x", "y", ("transA", 1)), x => [.. Enumerable.Range(0, Width).SelectMany(i => Enumerable.Range(0, Width).Select(j => x.Sum(row => row[i] * row[j])))]),
        new("times the number of samples", "y", model => model.Int("zero", 0).Node("Shape", "x", "s").Node("Gather", "s,zero", "n").Node("Cast", "n", "f", ("to", 1)).Node("Mul", "x,f", "y"), x => Each(x, (row, i) => row[i] * x.Length)) { Declared = BatchKind.Fixed },
        new("over the number of elements", "y", model => model.Node("Size", "x", "s").Node("Cast", "s", "f", ("to", 1)).Node("Div", "x,f", "y"), x => Each(x, (row, i) => row[i] / (x.Length * Width))) { Declared = BatchKind.Fixed },
        new("largest of the batch", "y", model => model.Ints("k", 1).Node("TopK", "x,k", "y,i", ("axis", 0)), x => [.. Enumerable.Range(0, Width).Select(i => x.Max(row => row[i]))]),
        new("place of the largest", "y", model => model.Node("ArgMax", "x", "y", ("axis", 0)), x => [.. Enumerable.Range(0, Width).Select(i => (float)Array.IndexOf(x, x.MaxBy(row => row[i])!))]),
        new("transposed", "y", model => model.Node("Transpose", "x", "y", ("perm", new[] { 1, 0 })), x => [.. Enumerable.Range(0, Width).SelectMany(i => x.Select(row => row[i]))]),
        new("flattened whole", "y", model => model.Node("Flatten", "x", "y", ("axis", 0)), x => [.. x.SelectMany(row => row)]),
        new("reshaped to one row", "y", model => model.Ints("s", 1, -1).Node("Reshape", "x,s", "y"), x => [.. x.SelectMany(row => row)]),
        new("two rows a sample", "y", model => model.Ints("s", -1, 2).Node("Reshape", "x,s", "y"), x => [.. x.SelectMany(row => row)]),
        new("an axis before the batch", "y", model => model.Ints("a", 0).Node("Unsqueeze", "x,a", "y"), x => [.. x.SelectMany(row => row)]),
        new("first sample for all", "y", model => model.Ints("i", 0).Node("Gather", "x,i", "y"), x => x[0]),
        new("first sample alone", "y", model => model.Ints("a", 0).Ints("b", 1).Node("Slice", "x,a,b", "y"), x => x[0]),
        new("all but the first sample", "y", model => model.Ints("a", 1).Ints("b", 9).Node("Slice", "x,a,b", "y"), x => [.. x.Skip(1).SelectMany(row => row)]),
        new("twice behind each other", "y", model => model.Node("Concat", "x,x", "y", ("axis", 0)), x => [.. x.Concat(x).SelectMany(row => row)]),
        new("a sample more", "y", model => model.Ints("p", 1, 0, 0, 0).Node("Pad", "x,p", "y"), x => [.. new float[Width], .. x.SelectMany(row => row)]),
        new("tiled", "y", model => model.Ints("r", 2, 1).Node("Tile", "x,r", "y"), x => [.. x.Concat(x).SelectMany(row => row)]),
        new("twice as many samples", "y", model => model.Weight("s", [2, 1], 2).Node("Resize", "x,,s", "y", ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")), x => [.. x.SelectMany(row => row.Concat(row))]),
        new("numbered samples", "y", model => Numbered(model).Node("Add", "x,r", "y"), x => [.. x.SelectMany((row, n) => row.Select(v => v + n))]) { Declared = BatchKind.Fixed },
        new("squeezed without axes", "y", model => model.Ints("s", 0, 1, 4).Node("Reshape", "x,s", "t").Node("Squeeze", "t", "y"), x => [.. x.SelectMany(row => row)]) { Declared = BatchKind.Free },
        new(
            "batch normalization in training", "y",
            model => Norm(model).Node("BatchNormalization", "x,g,b,m,v", "y,rm,rv", ("training_mode", 1), ("epsilon", 0.01f)),
            x => Each(x, (row, i) => Normalized(x, row, i))) { Opset = 15 },
        new(
            "batch normalization of old with its statistics", "y",
            model => Norm(model).Node("BatchNormalization", "x,g,b,m,v", "y,rm,rv,sm,sv", ("epsilon", 0.01f)),
            x => Each(x, (row, i) => Normalized(x, row, i))) { Opset = 9 },
    ];

    private static float[] Each(float[][] x, Func<float[], int, float> value) => [.. x.SelectMany(row => row.Select((_, i) => value(row, i)))];

    private static float Mean(float[][] x, int i) => x.Average(row => row[i]);

    private static float Dot(float[] a, float[] b) => a.Zip(b, (p, q) => p * q).Sum();

    private static float[] Attend(float[][] x, float[] query)
    {
        float[] weights = [.. x.Select(key => MathF.Exp(Dot(query, key)))];
        return [.. Enumerable.Range(0, Width).Select(i => x.Zip(weights, (value, weight) => value[i] * weight).Sum() / weights.Sum())];
    }

    private static OnnxModelBuilder Numbered(OnnxModelBuilder model) => model.Int("zero", 0).Int("one", 1).Ints("behind", 1)
        .Node("Shape", "x", "s").Node("Gather", "s,zero", "n").Node("Range", "zero,n,one", "places").Node("Cast", "places", "f", ("to", 1)).Node("Unsqueeze", "f,behind", "r");

    private static OnnxModelBuilder Norm(OnnxModelBuilder model) =>
        model.Weight("g", [1, 2, 3, 4], 4).Weight("b", [4, 3, 2, 1], 4).Weight("m", new float[4], 4).Weight("v", [1, 1, 1, 1], 4);

    private static float Normalized(float[][] x, float[] row, int i)
    {
        float mean = Mean(x, i), variance = x.Average(other => (other[i] - mean) * (other[i] - mean));
        return ((i + 1) * (row[i] - mean) / MathF.Sqrt(variance + 0.01f)) + (4 - i);
    }
}
