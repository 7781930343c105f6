namespace Temper.Networks;

/// <summary>Predefined networks by name. All have zero weights: initialize them or load weights before use.</summary>
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
    /// <c>plain-3-3-3</c>.
    /// </summary>
    public static IReadOnlyList<string> Names => Rows.Keys;

    private static InputSpec Digit { get; } = InputSpec.Image(channels: 1, height: 28, width: 28);

    private static InputSpec Picture { get; } = InputSpec.Image(channels: 3, height: 32, width: 32);

    /// <summary>Creates a network by name.</summary>
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

        string[] parts = name.Split('-');
        int[] depths = [.. parts.Skip(1).Select(part => int.TryParse(part, out int depth)
            && depth is > 0 and <= MaxBlocks ? depth : 0)];
        return (parts[0], depths.Length is 3 or 4 && !depths.Contains(0)) switch
        {
            ("basic", true) => Basic(depths, options),
            ("plain", true) => Plain(depths, options),
            _ => throw new ArgumentException(
                $"NetworkZoo: unknown network (got '{name}', expected one of {string.Join(", ", Names)}, basic-a-b-c "
                + "or plain-a-b-c)", nameof(name)),
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
