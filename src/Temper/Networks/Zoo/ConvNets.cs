namespace Temper.Networks;

public static partial class NetworkZoo
{
    private const int PoolMark = 0;

    private static readonly int[] Vgg16Widths =
        [
            64, 64, PoolMark, 128, 128, PoolMark, 256, 256, 256, PoolMark, 512, 512, 512, PoolMark, 512, 512, 512,
            PoolMark,
        ];

    /// <summary>
    /// A small network for 32x32 images: four 3x3 convolutions with 32, 32, 64 and 64 channels and a hidden layer of
    /// 256 features. 1,116,970 parameters for 10 classes.
    /// </summary>
    /// <param name="options">
    /// Input and number of classes; null: 32x32 color images with values from 0 to 1, 10 classes.
    /// </param>
    public static Network ConvNetSmall(ZooOptions? options = null) => Classifier(options, Picture, (x, classes) => x
        .Conv2d(32, kernel: 3, padding: 1).Relu()
        .Conv2d(32, kernel: 3, padding: 1).Relu().MaxPool2d(2)
        .Conv2d(64, kernel: 3, padding: 1).Relu()
        .Conv2d(64, kernel: 3, padding: 1).Relu().MaxPool2d(2)
        .Flatten()
        .Linear(256).Relu()
        .Linear(classes));

    /// <summary>
    /// ConvNet-5: two 5x5 convolutions with 64 channels and three linear layers with 384, 192 and 10 features, as in
    /// common CIFAR-10 tutorials.
    /// </summary>
    /// <remarks>
    /// Papers that use this network do not list its layers. Local response normalization is omitted here.
    /// </remarks>
    /// <inheritdoc cref="ConvNetSmall"/>
    public static Network ConvNet5(ZooOptions? options = null) => Classifier(options, Picture, (x, classes) => x
        .Conv2d(64, kernel: 5, padding: 2).Relu().MaxPool2d(3, stride: 2, padding: 1)
        .Conv2d(64, kernel: 5, padding: 2).Relu().MaxPool2d(3, stride: 2, padding: 1)
        .Flatten()
        .Linear(384).Relu()
        .Linear(192).Relu()
        .Linear(classes));

    /// <summary>
    /// VGG-16 for 32x32 images (arXiv:1409.1556, configuration D) with a single linear layer at the end; 14.7 million
    /// parameters. Node names are numbered as in PyTorch: <c>features.0</c> ... <c>classifier</c>.
    /// </summary>
    /// <param name="batchNorm">True if each convolution is followed by batch normalization.</param>
    /// <param name="options">
    /// Input and number of classes; null: 32x32 color images with values from 0 to 1, 10 classes.
    /// </param>
    public static Network Vgg16(bool batchNorm = true, ZooOptions? options = null) =>
        Classifier(options, Picture, (x, classes) => x
        .Scope("features", x => VggFeatures(x, batchNorm))
        .Flatten()
        .Linear(classes, name: "classifier"));

    private static Value VggFeatures(Value x, bool batchNorm)
    {
        int position = 0;
        string Next() => $"{position++}";
        foreach (int width in Vgg16Widths)
        {
            if (width == PoolMark)
            {
                x = x.MaxPool2d(2, name: Next());
                continue;
            }

            x = x.Conv2d(width, kernel: 3, padding: 1, name: Next());
            x = batchNorm ? x.BatchNorm(Next()) : x;
            x = x.Relu(Next());
        }

        return x;
    }
}
