using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Imports operators that move square blocks of pixels into channels and back, as reshapes and a permutation.
/// </summary>
internal static class BlockOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("DepthToSpace", DepthToSpace),
        ElementwiseOperators.Row("SpaceToDepth", SpaceToDepth),
    ];

    /// <summary>
    /// The position within the block is the slowest part of the channel index (DCR) or the fastest (CRD).
    /// </summary>
    private static void DepthToSpace(NodeImport node)
    {
        Value x = node.Input(0);
        int block = Block(node, x);
        string mode = node.Text("mode", "DCR");
        if (mode is not ("DCR" or "CRD"))
        {
            throw node.Bad($"attribute 'mode' is invalid (got \"{mode}\", expected DCR or CRD)");
        }

        (int samples, int channels, int height, int width) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        long pixels = (long)block * block;
        if (channels % pixels != 0)
        {
            throw node.Bad($"the channels cannot be divided into blocks (got block size {block} for {x.Shape}, "
                + "expected a multiple of its square on axis 1)");
        }

        int rest = (int)(channels / pixels);
        bool isBlockFirst = mode is "DCR";
        int[] parts = isBlockFirst
            ? [samples, block, block, rest, height, width]
            : [samples, rest, block, block, height, width];
        Permute order = isBlockFirst ? new Permute([0, 3, 4, 1, 5, 2]) : new Permute([0, 1, 4, 2, 5, 3]);
        Value moved = node.Add(order, node.Add(ShapeOperators.To(x, parts), x));
        node.Result(ShapeOperators.To(moved, [samples, rest, checked(height * block), checked(width * block)]), moved);
    }

    private static void SpaceToDepth(NodeImport node)
    {
        Value x = node.Input(0);
        int block = Block(node, x);
        (int samples, int channels, int height, int width) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        if (height % block != 0 || width % block != 0)
        {
            throw node.Bad($"the image cannot be divided into blocks (got block size {block} for {x.Shape}, expected "
                + "a divisor of axes 2 and 3)");
        }

        (int rows, int columns) = (height / block, width / block);
        Value parts = node.Add(ShapeOperators.To(x, [samples, channels, rows, block, columns, block]), x);
        Value moved = node.Add(new Permute([0, 3, 5, 1, 2, 4]), parts);
        node.Result(ShapeOperators.To(moved, [samples, checked(channels * block * block), rows, columns]), moved);
    }

    private static int Block(NodeImport node, Value x)
    {
        long block = node.Int("blocksize");
        return x.Shape.Rank == 4 && block is >= 1 and <= int.MaxValue
            ? (int)block
            : throw node.Bad($"needs an image [N, C, H, W] and a block size of 1 or more (got {x.Shape} and {block})");
    }
}
