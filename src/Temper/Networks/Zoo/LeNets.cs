namespace Temper.Networks;

public static partial class NetworkZoo
{
    /// <summary>
    /// LeNet-300-100 (Proc. IEEE 86, 1998): two hidden layers. 266,610 parameters for 28x28 images and 10 classes.
    /// </summary>
    /// <param name="options">
    /// Input and number of classes; null: 28x28 gray images with values from 0 to 1, 10 classes.
    /// </param>
    public static Network LeNet300100(ZooOptions? options = null) => Classifier(options, Digit, (x, classes) => x
        .Flatten()
        .Linear(300).Relu()
        .Linear(100).Relu()
        .Linear(classes));

    /// <summary>
    /// LeNet-5 (Proc. IEEE 86, 1998) in its modern form: convolutions with 6 and 16 channels, max pooling, ReLU, and
    /// hidden layers with 120 and 84 features. 61,706 parameters for 28x28 images and 10 classes.
    /// </summary>
    /// <inheritdoc cref="LeNet300100"/>
    public static Network LeNet5(ZooOptions? options = null) => Classifier(options, Digit, (x, classes) => x
        .Conv2d(6, kernel: 5, padding: 2).Relu().MaxPool2d(2)
        .Conv2d(16, kernel: 5).Relu().MaxPool2d(2)
        .Flatten()
        .Linear(120).Relu()
        .Linear(84).Relu()
        .Linear(classes));

    /// <summary>
    /// LeNet-5 of the Caffe examples: convolutions with 20 and 50 channels and a hidden layer with 500 features.
    /// 431,080 parameters for 28x28 images and 10 classes.
    /// </summary>
    /// <inheritdoc cref="LeNet300100"/>
    public static Network LeNet5Caffe(ZooOptions? options = null) => Classifier(options, Digit, (x, classes) => x
        .Conv2d(20, kernel: 5).MaxPool2d(2)
        .Conv2d(50, kernel: 5).MaxPool2d(2)
        .Flatten()
        .Linear(500).Relu()
        .Linear(classes));

    /// <summary>A multilayer perceptron: hidden layers with ReLU, then a linear layer.</summary>
    private static Network Mlp(int[] widths, ZooOptions options) => Classifier(options, Digit, (x, classes) => widths
        .Aggregate(x.Flatten(), (hidden, width) => hidden.Linear(width).Relu())
        .Linear(classes));
}
