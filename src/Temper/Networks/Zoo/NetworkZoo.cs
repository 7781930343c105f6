namespace Temper.Networks;

/// <summary>Networks by name. All start with zero weights: initialize them or load weights.</summary>
public static partial class NetworkZoo
{
    private static readonly OrderedDictionary<string, Func<ZooOptions, Network>> Rows = new(StringComparer.Ordinal)
    {
        ["lenet-300-100"] = LeNet300100,
        ["lenet-5"] = LeNet5,
        ["lenet-5-caffe"] = LeNet5Caffe,
        ["convnet-small"] = ConvNetSmall,
        ["convnet-5"] = ConvNet5,
        ["vgg-16"] = options => Vgg16(batchNorm: false, options),
        ["vgg-16-bn"] = options => Vgg16(batchNorm: true, options),
    };

    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names => Rows.Keys;

    private static InputSpec Digit { get; } = InputSpec.Image(channels: 1, height: 28, width: 28);

    private static InputSpec Picture { get; } = InputSpec.Image(channels: 3, height: 32, width: 32);

    /// <summary>Makes a network by its name.</summary>
    /// <param name="name">One of <see cref="Names"/>, or a family with the depths of its three or four stages.</param>
    /// <param name="options">Input and number of classes; null: those of the paper.</param>
    /// <exception cref="ArgumentException">No network has this name.</exception>
    public static Network Create(string name, ZooOptions? options = null)
    {
        options ??= new ZooOptions();
        if (Rows.TryGetValue(name, out Func<ZooOptions, Network>? create))
        {
            return create(options);
        }

        throw new ArgumentException($"NetworkZoo: no such network (got '{name}', expected one of {string.Join(", ", Names)})", nameof(name));
    }

    private static Network Classifier(ZooOptions? options, InputSpec usual, Func<Value, int, Value> body)
    {
        options ??= new ZooOptions();
        return Network.Build(
            options.Input ?? usual,
            x => body(x, options.Classes));
    }
}

/// <summary>What may differ between two networks of one name.</summary>
public sealed record ZooOptions
{
    /// <summary>What the network takes in; null: what the paper's data set has.</summary>
    public InputSpec? Input { get; init; }

    /// <summary>Number of classes.</summary>
    public int Classes { get; init; } = 10;

}
