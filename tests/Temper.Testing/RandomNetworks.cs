using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>How a random network treats the samples of a batch.</summary>
public enum RandomBatch
{
    /// <summary>Any number of samples, processed independently.</summary>
    Free,

    /// <summary>A fixed number of samples, processed independently.</summary>
    Fixed,

    /// <summary>A fixed number of samples; some nodes combine all of them.</summary>
    Mixing,
}

/// <summary>Small networks of random structure, for tests of properties that every network has.</summary>
public static class RandomNetworks
{
    /// <summary>Returns an initialized network that maps 6x6 images of one to three channels to 3 values.</summary>
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

    /// <summary>
    /// Returns such a network with constants among its operands, some of them reused or returned as outputs, and a
    /// second input of int64 indices, 0 to 3.
    /// </summary>
    /// <param name="seed">Determines structure and values.</param>
    /// <param name="batch">Whether the batch size is free, and whether samples are independent.</param>
    public static Network WithConstants(ulong seed, RandomBatch batch)
    {
        RandomStream stream = RandomStream.FromSeed(seed);
        RandomCursor random = stream.Split("structure").Cursor();
        int samples = 2 + random.NextInt32(3);
        InputSpec Input(string name, DType type, params int[] shape) => new()
        {
            Name = name, DType = type, IsBatched = batch == RandomBatch.Free, SampleShape = Shape.Create(batch == RandomBatch.Free ? shape : [samples, .. shape]),
        };
        RandomConstants constants = null!;
        Network network = Network.Build(
            [Input("image", DType.Float32, 1 + random.NextInt32(3), 6, 6), Input("index", DType.Int64, 2)],
            inputs =>
            {
                constants = new RandomConstants(inputs[0].Builder, random, isFree: batch == RandomBatch.Free);
                Value features = Body(inputs, constants, random);
                return random.NextInt32(4) == 0
                    ? [("y", Head(features, batch, random)), ("constant", constants.Pick([1 + random.NextInt32(4)]))]
                    : [("y", Head(features, batch, random))];
            });
        return constants.Fill(network.Initialize(stream.Split("weights")), stream.Split("constants"));
    }

    /// <summary>Returns inputs for a network with constants.</summary>
    /// <param name="network">A network of <see cref="WithConstants"/>.</param>
    /// <param name="batch">Number of samples, if the batch size is free.</param>
    /// <param name="seed">Determines the values.</param>
    public static Tensor[] Inputs(Network network, int batch, ulong seed) => [.. network.Inputs.Select((input, i) =>
    {
        Shape shape = input.BatchShape(batch);
        return input.DType == DType.Float32
            ? Samples.GaussianTensor(shape, seed + (ulong)i)
            : Tensor.From(Samples.Labels(shape.Count, 4, seed + (ulong)i), shape);
    })];

    private static Value Body(IReadOnlyList<Value> inputs, RandomConstants constants, RandomCursor random)
    {
        Value x = inputs[0];
        for (int depth = random.NextInt32(4); depth > 0; depth--)
        {
            x = random.NextInt32(2) == 0 ? ImageLayer(x, random) : constants.Layer(x);
        }

        x = x.Flatten();
        for (int depth = random.NextInt32(4); depth > 0; depth--)
        {
            x = random.NextInt32(4) switch
            {
                0 => FeatureLayer(x, random),
                1 => constants.IndexLayer(x, inputs[1]),
                2 => constants.FeatureLayer(x),
                _ => constants.Layer(x),
            };
        }

        return x;
    }

    /// <summary>
    /// Returns three values per sample. A mixing network adds their mean over the batch, or returns the products with
    /// all samples. Differences are avoided, since cancellation would cost precision.
    /// </summary>
    private static Value Head(Value x, RandomBatch batch, RandomCursor random)
    {
        x = x.Linear(3, name: "head");
        return batch != RandomBatch.Mixing ? x
            : random.NextInt32(2) == 0 ? x.MatMul(x.Permute([1, 0]))
            : x + x.Apply(new Reduce(Reduction.Mean, [0], KeepAxes: true));
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
