namespace Temper.Networks;

public static partial class NetworkZoo
{
    private const int MostBlocks = 1000;
    private const string ResidualStart = "kaiming-normal";

    /// <summary>One block of a stage: its input, its number of channels, and the stride of its first convolution.</summary>
    private delegate Value Block(Value x, int width, int stride);

    /// <summary>
    /// The CIFAR residual networks (arXiv:1512.03385, section 4.2): three stages of 16, 32 and 64 channels, shortcuts without
    /// parameters (option A). Parameter names are those of the published PyTorch checkpoints.
    /// </summary>
    /// <param name="depth">20, 32, 44, 56 or any other 6 n + 2.</param>
    /// <param name="options">Input and number of classes; null: 32x32 color pixels from 0 to 1 and 10.</param>
    /// <exception cref="ArgumentException">The depth is not 6 n + 2.</exception>
    public static Network ResNetCifar(int depth, ZooOptions? options = null)
    {
        int blocks = (depth - 2) / 6;
        return depth == (6 * blocks) + 2 && blocks is > 0 and <= MostBlocks
            ? Stages([blocks, blocks, blocks], options, "linear", (x, width, stride) => Residual(x, width, stride, CropShortcut))
            : throw new ArgumentException($"NetworkZoo.ResNetCifar: no such depth (got {depth}, expected 6 n + 2, such as 20)", nameof(depth));
    }

    /// <summary>
    /// The Basic family (arXiv:1906.02909): residual blocks with 1x1 convolutions as shortcuts where the shape changes, by the
    /// number of blocks in each stage.
    /// </summary>
    /// <param name="depths">Blocks in each stage: three stages of 16, 32, 64 channels or four of 64, 128, 256, 512.</param>
    /// <param name="options">Input and number of classes; null: 32x32 color pixels from 0 to 1 and 10.</param>
    /// <exception cref="ArgumentException">There are not three or four depths, or one is not positive.</exception>
    public static Network Basic(IReadOnlyList<int> depths, ZooOptions? options = null) =>
        Stages(depths, options, "fc", (x, width, stride) => Residual(x, width, stride, ProjectionShortcut));

    /// <summary>The Plain family (arXiv:1906.02909): stages of convolution, batch normalization and ReLU without shortcuts.</summary>
    /// <inheritdoc cref="Basic"/>
    public static Network Plain(IReadOnlyList<int> depths, ZooOptions? options = null) =>
        Stages(depths, options, "fc", (x, width, stride) => Convolution(x, width, stride, 1).Relu());

    /// <summary>A first convolution, stages that each halve the picture and double the channels, the mean, a linear layer.</summary>
    private static Network Stages(IReadOnlyList<int> depths, ZooOptions? options, string head, Block block)
    {
        if (depths.Count is not (3 or 4) || depths.Any(depth => depth is < 1 or > MostBlocks))
        {
            throw new ArgumentException(
                $"NetworkZoo: depths do not fit (got [{string.Join(", ", depths)}], expected three or four, each 1 to {MostBlocks})", nameof(depths));
        }

        int first = depths.Count == 3 ? 16 : 64;
        return Classifier(options, Picture, (x, classes) =>
        {
            x = Convolution(x, first, stride: 1, number: 1).Relu("relu");
            for (int stage = 0; stage < depths.Count; stage++)
            {
                for (int i = 0; i < depths[stage]; i++)
                {
                    (int width, int stride) = (first << stage, stage > 0 && i == 0 ? 2 : 1);
                    x = x.Scope($"layer{stage + 1}.{i}", inner => block(inner, width, stride));
                }
            }

            return x.GlobalAvgPool2d("pool").Flatten("flatten").Apply(new Linear(classes) { Initializer = ResidualStart }, head);
        });
    }

    private static Value Residual(Value x, int width, int stride, Block shortcut) =>
        (Convolution(Convolution(x, width, stride, 1).Relu(), width, 1, 2) + shortcut(x, width, stride)).Relu();

    private static Value Convolution(Value x, int width, int stride, int number) => x
        .Apply(
            new Conv2d(width, (3, 3)) { Options = Tensors.Conv2dOptions.Of(stride, padding: 1), HasBias = false, Initializer = ResidualStart },
            $"conv{number}")
        .BatchNorm($"bn{number}");

    /// <summary>Option A: every second pixel (a pool with a window of one), and zeros for half of the new channels on each side.</summary>
    private static Value CropShortcut(Value x, int width, int stride)
    {
        int missing = width - x.Shape[1];
        x = stride == 1 ? x : x.AvgPool2d(kernel: 1, stride, name: "shortcut.crop");
        return missing == 0 ? x : x.Pad(axis: 1, missing / 2, missing - (missing / 2), name: "shortcut.pad");
    }

    private static Value ProjectionShortcut(Value x, int width, int stride) => stride == 1 && x.Shape[1] == width
        ? x
        : x.Apply(
            new Conv2d(width, (1, 1)) { Options = Tensors.Conv2dOptions.Of(stride), HasBias = false, Initializer = ResidualStart },
            "shortcut.conv").BatchNorm("shortcut.bn");
}
