namespace Temper.Networks;

public static partial class NetworkZoo
{
    private const int MaxBlocks = 1000;

    /// <summary>
    /// Residual networks for CIFAR (arXiv:1512.03385, section 4.2): three stages with 16, 32 and 64 channels and
    /// shortcuts without parameters (option A). Parameter names are those of the published PyTorch checkpoints.
    /// </summary>
    /// <param name="depth">Depth: 20, 32, 44, 56 or any other 6 n + 2 with n of 1 or more.</param>
    /// <param name="options">
    /// Input and number of classes; null: 32x32 color images with values from 0 to 1, 10 classes.
    /// </param>
    /// <exception cref="ArgumentException">The depth is not 6 n + 2.</exception>
    public static Network ResNetCifar(int depth, ZooOptions? options = null)
    {
        int blocks = (depth - 2) / 6;
        return depth == (6 * blocks) + 2 && blocks is > 0 and <= MaxBlocks
            ? (StagedFamily.Residual([16, 32, 64], CropShortcut) with { Head = "linear" })
                .Build([blocks, blocks, blocks], options)
            : throw new ArgumentException(
                $"NetworkZoo.ResNetCifar: unsupported depth (got {depth}, expected 6 n + 2, such as "
                + "20)", nameof(depth));
    }

    /// <summary>
    /// The Basic family (arXiv:1906.02909): residual blocks whose shortcuts are 1x1 convolutions where the shape
    /// changes.
    /// </summary>
    /// <param name="depths">
    /// Number of blocks per stage: for three stages of 16, 32 and 64 channels or four of 64, 128, 256 and 512.
    /// </param>
    /// <param name="options">
    /// Input and number of classes; null: 32x32 color images with values from 0 to 1, 10 classes.
    /// </param>
    /// <exception cref="ArgumentException">There are not three or four depths, or one is not 1 to 1000.</exception>
    public static Network Basic(IReadOnlyList<int> depths, ZooOptions? options = null) =>
        Staged("basic", depths, options);

    /// <summary>
    /// The Plain family (arXiv:1906.02909): stages of convolution, batch normalization and ReLU, without shortcuts.
    /// </summary>
    /// <inheritdoc cref="Basic"/>
    public static Network Plain(IReadOnlyList<int> depths, ZooOptions? options = null) =>
        Staged("plain", depths, options);

    private static Network Staged(string family, IReadOnlyList<int> depths, ZooOptions? options) =>
        depths.Count is 3 or 4
        ? StagedFamily.ByName($"{family}{depths.Count}").Build(depths, options)
        : throw new ArgumentException($"NetworkZoo: invalid depths (got [{string.Join(", ", depths)}], expected "
            + $"three or four, each 1 to {MaxBlocks})", nameof(depths));

    /// <summary>
    /// Shortcut of option A: takes every second pixel (pooling with a 1x1 window) and pads the channels with zeros,
    /// half of them on each side.
    /// </summary>
    private static Value CropShortcut(Value x, int width, int stride)
    {
        int missing = width - x.Shape[1];
        x = stride == 1 ? x : x.AvgPool2d(kernel: 1, stride, name: "shortcut.crop");
        return missing == 0 ? x : x.Pad(axis: 1, missing / 2, missing - (missing / 2), name: "shortcut.pad");
    }
}
