using Temper.Networks;
using Temper.Randomness;
using Temper.Snooping.Logs;

namespace Temper.Snooping.Proxies;

/// <summary>Creates the networks of proxies.</summary>
internal static class ProxyNetworks
{
    private const int LargestGrid = 20;

    internal static Network Create(ProxyArchitecture architecture, StreamInfo stream, int outputs, RandomStream random)
    {
        var input = new InputSpec
        {
            Name = "input", SampleShape = stream.StackShape, Minimum = stream.Minimum, Maximum = stream.Maximum,
        };
        return Network.Build(input, x => Body(architecture, x).Linear(outputs, name: "head")).Initialize(random);
    }

    private static Value Body(ProxyArchitecture architecture, Value x) => architecture switch
    {
        ProxyArchitecture.Mlp => Flat(x).Linear(128, name: "hidden").Relu(),
        ProxyArchitecture.SmallTanh => Flat(x).Linear(64, name: "hidden").Tanh(),
        ProxyArchitecture.Large => Flat(x).Linear(256, name: "hidden1").Relu().Linear(256, name: "hidden2").Relu(),
        _ => x.Shape.Rank == 4
            ? Convolutions(x).Flatten().Linear(128, name: "hidden").Relu()
            : Flat(x).Linear(128, name: "hidden").Relu(),
    };

    private static Value Convolutions(Value x) => Math.Max(x.Shape[2], x.Shape[3]) <= LargestGrid
        ? x.Conv2d(16, kernel: 3, name: "conv").Relu()
        : x.Conv2d(16, kernel: 4, stride: 2, name: "conv1")
            .Relu().Conv2d(32, kernel: 4, stride: 2, name: "conv2").Relu();

    private static Value Flat(Value x) => x.Shape.Rank > 2 ? x.Flatten() : x;
}
