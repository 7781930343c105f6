using System.Globalization;

namespace Temper.Networks;

/// <summary>Predefined networks by name. All have zero weights: initialize them or load weights before use.</summary>
public static partial class NetworkZoo
{
    /// <summary>Largest width of a hidden layer of a multilayer perceptron.</summary>
    private const int MaxWidth = 1 << 16;

    private static readonly OrderedDictionary<string, Func<ZooOptions, Network>> Rows = new(StringComparer.Ordinal)
    {
        ["lenet-300-100"] = LeNet300100,
        ["lenet-5"] = LeNet5,
        ["lenet-5-caffe"] = LeNet5Caffe,
        ["convnet-small"] = ConvNetSmall,
        ["convnet-5"] = ConvNet5,
        ["vgg-16"] = options => Vgg16(batchNorm: false, options),
        ["vgg-16-bn"] = options => Vgg16(batchNorm: true, options),
        ["resnet-20"] = options => ResNetCifar(20, options),
        ["resnet-32"] = options => ResNetCifar(32, options),
        ["resnet-44"] = options => ResNetCifar(44, options),
        ["resnet-56"] = options => ResNetCifar(56, options),
        ["two-stream"] = TwoStream,
        ["two-stream-logits"] = TwoStreamLogits,
        ["flow-stream"] = FlowStream,
        ["frame-stream"] = FrameStream,
        ["temporal-shift"] = TemporalShift,
    };

    /// <summary>
    /// Names accepted by <see cref="Create"/>, which also accepts families with depths, such as <c>basic-2-2-2</c> and
    /// <c>plain-3-3-3</c>, and multilayer perceptrons with the widths of their hidden layers, such as
    /// <c>mlp-1024-1024</c>.
    /// </summary>
    public static IReadOnlyList<string> Names => Rows.Keys;

    private static InputSpec Digit { get; } = InputSpec.Image(channels: 1, height: 28, width: 28);

    private static InputSpec Picture { get; } = InputSpec.Image(channels: 3, height: 32, width: 32);

    /// <summary>Creates a network by name.</summary>
    /// <param name="name">
    /// One of <see cref="Names"/>, a family with the depths of its three or four stages, or <c>mlp</c> with the widths
    /// of its hidden layers.
    /// </param>
    /// <param name="options">Input and number of classes; null: those of the paper.</param>
    /// <exception cref="ArgumentException">No network has this name.</exception>
    public static Network Create(string name, ZooOptions? options = null)
    {
        options ??= new ZooOptions();
        if (Rows.TryGetValue(name, out Func<ZooOptions, Network>? create))
        {
            return create(options);
        }

        string[] parts = name.Split('-');
        int[] sizes = [.. parts.Skip(1).Select(
            part => int.TryParse(part, CultureInfo.InvariantCulture, out int size) ? size : 0)];
        bool Fit(int largest) => Array.TrueForAll(sizes, size => size > 0 && size <= largest);
        return (parts[0], sizes.Length) switch
        {
            ("basic", 3 or 4) when Fit(MaxBlocks) => Basic(sizes, options),
            ("plain", 3 or 4) when Fit(MaxBlocks) => Plain(sizes, options),
            ("mlp", > 0 and <= MaxBlocks) when Fit(MaxWidth) => Mlp(sizes, options),
            _ => throw new ArgumentException(
                $"NetworkZoo: unknown network (got '{name}', expected one of {string.Join(", ", Names)}, basic-a-b-c, "
                + "plain-a-b-c or mlp-width-width)", nameof(name)),
        };
    }

    private static Network Classifier(ZooOptions? options, InputSpec usual, Func<Value, int, Value> body)
    {
        options ??= new ZooOptions();
        return Network.Build(
            options.Input ?? usual,
            x => body(options.Preprocessing is { } first ? x.Apply(first, "normalize") : x, options.Classes));
    }
}

/// <summary>Options of the predefined networks.</summary>
public sealed record ZooOptions
{
    /// <summary>The network's input; null: that of the paper's data set.</summary>
    public InputSpec? Input { get; init; }

    /// <summary>Number of classes. Default: 10.</summary>
    public int Classes { get; init; } = 10;

    /// <summary>Preprocessing, added as the first node under the name <c>normalize</c>; null: none.</summary>
    public Normalize? Preprocessing { get; init; }
}
