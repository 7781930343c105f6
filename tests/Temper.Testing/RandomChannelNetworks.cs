using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>Small networks of random structure that cover the ways in which layers propagate channels.</summary>
public static class RandomChannelNetworks
{
    private static readonly Func<Value, RandomCursor, Value>[] Layers =
    [
        (x, random) => x.Conv2d(1 + random.NextInt32(6), kernel: 3, padding: 1).Relu(),
        (x, random) => x.Conv2d(2 + random.NextInt32(4), kernel: 3, padding: 1, bias: false).BatchNorm().Relu(),
        (x, _) => (x.Conv2d(x.Shape[1], kernel: 3, padding: 1, bias: false).BatchNorm() + x).Relu(),
        (x, _) => x.Conv2d(2 * x.Shape[1], kernel: 3, padding: 1, groups: x.Shape[1]),
        (x, _) => x.Conv2d(x.Shape[1], kernel: 3, padding: 1, groups: x.Shape[1]).BatchNorm(),
        (x, random) => x.Conv2d(6, kernel: 1).Conv2d(3 * (1 + random.NextInt32(3)), kernel: 3, padding: 1, groups: 3).Relu(),
        (x, random) => x.Concatenate([x.Conv2d(1 + random.NextInt32(4), kernel: 1).Tanh()]),
        (x, _) => x.Shape[1] < 3 ? x : x.Slice(1, 1, x.Shape[1] - 1).Concatenate([x.Slice(1, 0, 2).Sigmoid()]),
        (x, random) => x.Conv2d(3, kernel: 3, padding: 1).Pad(1, random.NextInt32(2), 1) is var padded
            ? x.Conv2d(padded.Shape[1], kernel: 1) + padded
            : x,
        (x, random) => x.ConvTranspose2d(1 + random.NextInt32(4), kernel: 3, padding: 1).Relu(),
        (x, _) => x.Apply(new ConvTranspose2d(2 * x.Shape[1], (3, 3)) { Options = Conv2dOptions.Of(1, 1, x.Shape[1]) }),
        (x, _) => x * x.GlobalAvgPool2d().Conv2d(3, kernel: 1).Relu().Conv2d(x.Shape[1], kernel: 1).Sigmoid(),
        (x, _) => x.Conv2d(4, kernel: 1).Reshape([2, 2, x.Shape[2], x.Shape[3]]).Permute([0, 2, 1, 3, 4]).Reshape([4, x.Shape[2], x.Shape[3]])
            .Conv2d(4, kernel: 3, padding: 1, groups: 2),
        (x, _) => x.Permute([0, 2, 3, 1]).Linear(4).Relu().Permute([0, 3, 1, 2]),
        (x, _) => x.Conv2d(x.Shape[1], kernel: 3, padding: 1) is var first ? first.Relu().ApplyShared(new Conv2d(x.Shape[1], (3, 3)) { Options = Conv2dOptions.Of(1, 1) }, first.Name) : x,
        (x, _) => x.Apply(new Normalize { Mean = new float[x.Shape[1]], Deviation = [.. Enumerable.Repeat(1f, x.Shape[1])] }),
        (x, _) => x.Shape[2] > 2 ? x.MaxPool2d(2, stride: 1) : x.AvgPool2d(1),
        (x, _) => x.Apply(new Reshape([x.Shape[1], 1, x.Shape[2], x.Shape[3]])).Apply(new Conv3d(new Conv2d(3, (3, 3)) { Options = Conv2dOptions.Of(1, 1) }, new DepthWindow(1)))
            .Reshape([3, x.Shape[2], x.Shape[3]]),
    ];

    /// <summary>Number of layer kinds, for tests that cover each.</summary>
    public static int Kinds => Layers.Length;

    /// <summary>Returns an initialized network that maps images <c>[N, 2, 5, 5]</c> to 3 values.</summary>
    /// <param name="seed">Determines structure and values.</param>
    /// <param name="kind">Layer kind that must occur; null: any.</param>
    public static Network Make(ulong seed, int? kind = null)
    {
        RandomStream stream = RandomStream.FromSeed(seed);
        RandomCursor random = stream.Split("structure").Cursor();
        Network network = Network.Build(InputSpec.Image(2, 5, 5), x =>
        {
            x = x.Conv2d(2 + random.NextInt32(4), kernel: 3, padding: 1, name: "stem").Relu();
            for (int depth = 1 + random.NextInt32(4); depth > 0; depth--)
            {
                x = Layers[depth == 1 && kind is { } certain ? certain : random.NextInt32(Layers.Length)](x, random);
            }

            return Head(x, random).Linear(3, name: "head");
        });
        Network started = network.Initialize(stream.Split("weights"));
        return started.WithBuffers(started.Buffers.Where(entry => entry.Value.DType == DType.Float32).Select(entry =>
            KeyValuePair.Create(entry.Key, Tensor.From(Samples.Uniform(entry.Value.Count, seed, 0.5f, 1.5f), entry.Value.Shape))));
    }

    private static Value Head(Value x, RandomCursor random) => random.NextInt32(4) switch
    {
        0 => x.GlobalAvgPool2d().Flatten().Linear(5).Relu(),
        1 => x.Flatten().Linear(2 * x.Shape[2] * x.Shape[3]).Relu().Reshape([2, x.Shape[2], x.Shape[3]]).Conv2d(3, kernel: 1).Flatten(),
        2 => x.Mean([2, 3]).Linear(6).BatchNorm().LeakyRelu(),
        _ => x.Flatten(),
    };
}
