namespace Temper.Parallelism.Planning;

/// <summary>The ten networks of the paper's evaluation, named as in its figures.</summary>
/// <remarks>
/// AlexNet is one tower of the original network. This is our inference: it is the only variant whose bytes match the
/// figures.
/// </remarks>
public static class PaperNetworks
{
    private static readonly OrderedDictionary<string, Func<PlannedNetwork>> Rows = new(StringComparer.Ordinal)
    {
        ["sfc"] = () => new ChainBuilder("sfc", 784, 1).Linear(8192).Linear(8192).Linear(8192).Linear(10).Build(),
        ["sconv"] = () => new ChainBuilder("sconv", 1, 28).Conv(20, 5, pad: 0)
            .Conv(50, 5, pad: 0, pool: true).Conv(50, 5, pad: 0).Conv(10, 5, pad: 0, pool: true).Build(),
        ["lenet-c"] = () => new ChainBuilder("lenet-c", 1, 28)
            .Conv(20, 5, pad: 0, pool: true).Conv(50, 5, pad: 0, pool: true).Linear(500).Linear(10).Build(),
        ["cifar-c"] = () => new ChainBuilder("cifar-c", 3, 32).Conv(32, 5, pad: 2, pool: true)
            .Conv(32, 5, pad: 2, pool: true).Conv(64, 5, pad: 2, pool: true).Linear(64).Linear(10).Build(),
        ["alexnet-one-tower"] = AlexNetOneTower,
        ["vgg-a"] = () => Vgg("vgg-a", [64], [128], [256, 256], [512, 512], [512, 512]),
        ["vgg-b"] = () => Vgg("vgg-b", [64, 64], [128, 128], [256, 256], [512, 512], [512, 512]),
        ["vgg-c"] = () => Vgg("vgg-c", [64, 64], [128, 128], [256, 256, -256], [512, 512, -512], [512, 512, -512]),
        ["vgg-d"] = () => Vgg("vgg-d", [64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]),
        ["vgg-e"] = () =>
            Vgg("vgg-e", [64, 64], [128, 128], [256, 256, 256, 256], [512, 512, 512, 512], [512, 512, 512, 512]),
    };

    /// <summary>The names, in the order of the figures.</summary>
    public static IReadOnlyList<string> Names => Rows.Keys;

    /// <summary>Creates a network by name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">No network has this name.</exception>
    public static PlannedNetwork Create(string name) => Rows.TryGetValue(name, out Func<PlannedNetwork>? create)
        ? create()
        : throw new ArgumentException($"plan: unknown network of the paper (got '{name}', expected one of "
            + $"{string.Join(", ", Names)})", nameof(name));

    private static PlannedNetwork AlexNetOneTower() => new ChainBuilder("alexnet-one-tower", 3, 227)
        .Conv(48, 11, pad: 0, stride: 4, pool: true, poolKernel: 3).Conv(128, 5, pad: 2, pool: true, poolKernel: 3)
        .Conv(192, 3, pad: 1).Conv(192, 3, pad: 1).Conv(128, 3, pad: 1, pool: true, poolKernel: 3)
        .Linear(2048).Linear(2048).Linear(1000).Build();

    /// <summary>
    /// Creates a VGG network from the channel counts of its stages. A negative count is a 1x1 convolution.
    /// </summary>
    private static PlannedNetwork Vgg(string name, params int[][] stages)
    {
        var builder = new ChainBuilder(name, 3, 224);
        foreach (int[] stage in stages)
        {
            for (int i = 0; i < stage.Length; i++)
            {
                int kernel = stage[i] < 0 ? 1 : 3;
                builder.Conv(Math.Abs(stage[i]), kernel, pad: kernel / 2, pool: i == stage.Length - 1);
            }
        }

        return builder.Linear(4096).Linear(4096).Linear(1000).Build();
    }

    /// <summary>Builds a chain of layers and tracks the image size through it.</summary>
    private sealed class ChainBuilder(string name, int channels, int side)
    {
        private readonly List<PlannedLayer> _layers = [];
        private int _channels = channels;
        private int _side = side;

        internal ChainBuilder Conv(
            int channels, int kernel, int pad, int stride = 1, bool pool = false, int poolKernel = 2)
        {
            int inSide = _side, outSide = ((_side + (2 * pad) - kernel) / stride) + 1;
            _side = pool ? ((outSide - poolKernel) / 2) + 1 : outSide;
            _layers.Add(new PlannedLayer
            {
                Name = $"conv{_layers.Count + 1}",
                IsConvolution = true,
                Weights = (long)channels * _channels * kernel * kernel,
                Inputs = _layers.Count == 0 ? 0 : (long)_channels * inSide * inSide,
                DataInputs = _layers.Count == 0 ? (long)_channels * inSide * inSide : 0,
                Outputs = (long)channels * _side * _side,
                Macs = (long)channels * outSide * outSide * _channels * kernel * kernel,
                InChannels = _channels,
                OutChannels = channels,
                Rows = new PlannedRows(inSide, outSide, _side, kernel, stride, pad, (long)_channels * inSide),
            });
            _channels = channels;
            return this;
        }

        internal ChainBuilder Linear(int features)
        {
            int inputs = _channels * (_layers.Count == 0 ? 1 : _side * _side);
            _layers.Add(new PlannedLayer
            {
                Name = $"fc{_layers.Count(layer => !layer.IsConvolution) + 1}",
                Weights = (long)inputs * features,
                Inputs = _layers.Count == 0 ? 0 : inputs,
                DataInputs = _layers.Count == 0 ? inputs : 0,
                Outputs = features,
                Macs = (long)inputs * features,
                InChannels = inputs,
                OutChannels = features,
            });
            (_channels, _side) = (features, 1);
            return this;
        }

        internal PlannedNetwork Build() => PlannedNetwork.Chain(name, _layers);
    }
}
