using Temper.Networks;
using Temper.Randomness;

namespace Temper.Testing;

/// <summary>Small networks of random structure, for properties that hold for all.</summary>
public static class RandomNetworks
{
    /// <summary>An initialized network that takes 6x6 images of one to three channels and gives 3 numbers.</summary>
    public static Network Make(ulong seed)
    {
        RandomStream stream = RandomStream.FromSeed(seed);
        RandomCursor random = stream.Split("structure").Cursor();
        Network network = Network.Build(InputSpec.Image(1 + random.NextInt32(3), 6, 6), x =>
        {
            for (int depth = random.NextInt32(4); depth > 0; depth--)
            {
                x = ImageLayer(x, random);
            }

            x = x.Flatten();
            for (int depth = random.NextInt32(4); depth > 0; depth--)
            {
                x = FeatureLayer(x, random);
            }

            return x.Linear(3, name: "head");
        });
        return network.Initialize(stream.Split("weights"));
    }

    private static Value ImageLayer(Value x, RandomCursor random) => random.NextInt32(7) switch
    {
        0 => x.Conv2d(1 + random.NextInt32(4), kernel: 3, padding: 1),
        1 => x.Conv2d(2, kernel: 3, padding: 1, bias: false).BatchNorm().Relu(),
        2 => x.Scope($"block{random.NextInt32(1 << 30)}", inner =>
            (inner.Conv2d(x.Shape[1], kernel: 3, padding: 1, bias: false).BatchNorm() + inner).Relu()),
        3 => x.Shape[2] > 1 ? x.MaxPool2d(2) : x.Tanh(),
        4 => x.Conv2d(x.Shape[1], kernel: 1).Dropout(0.3f).Relu(),
        5 => x.Sigmoid() * x,
        _ => x.BatchNorm(),
    };

    private static Value FeatureLayer(Value x, RandomCursor random)
    {
        switch (random.NextInt32(5))
        {
            case 0:
                return x.Linear(1 + random.NextInt32(6)).Relu();
            case 1:
                return x.Linear(x.Shape[1]).Tanh() + x;
            case 2:
                Value first = x.Linear(x.Shape[1]);
                return first.Relu().ApplyShared(new Linear(x.Shape[1]), first.Name);
            case 3:
                return x.Linear(5).BatchNorm().LeakyRelu();
            default:
                return x.Softmax();
        }
    }
}
