using System.Runtime.InteropServices;
using Temper.Data;
using Temper.Data.Augmentation;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training.Tests.Support;

/// <summary>
/// A run that uses everything that could depend on threads or on interruptions: batch norm, dropout, augmentation and a
/// partial last batch.
/// </summary>
internal static class SmallRun
{
    private const int Classes = 4;

    internal static Dataset Train { get; } = SyntheticShapes.Draw(390, Classes, 12, channels: 3, RandomStream.FromSeed(1));

    internal static Dataset Validation { get; } = SyntheticShapes.Draw(60, Classes, 12, channels: 3, RandomStream.FromSeed(2));

    internal static Network Network { get; } = Network.Build(InputSpec.Image(channels: 3, height: 12, width: 12, min: 0, max: 1), x => x
        .Conv2d(16, kernel: 3, padding: 1).BatchNorm().Relu().MaxPool2d(2)
        .Conv2d(24, kernel: 3, padding: 1).BatchNorm().Relu().MaxPool2d(2)
        .Flatten().Dropout(0.3f).Linear(32).Relu().Linear(Classes)).Initialize(RandomStream.FromSeed(3));

    /// <summary>20 batches per epoch; the last one is smaller.</summary>
    internal static TrainingOptions Options { get; } = new()
    {
        Seed = 4,
        Epochs = 10,
        BatchSize = 20,
        Optimizer = new Adam { LearningRate = 2e-3f },
        Schedule = new CosineSchedule { Floor = 0.01 },
        Transforms = [new RandomCrop(2), new HorizontalFlip()],
    };

    internal static TrainingResult Fit(TrainingOptions options, CancellationToken cancel = default) =>
        Trainer.Fit(Network, Train, Validation, options, cancel);

    internal static TrainingResult Resume(TrainingOptions options, CancellationToken cancel = default) =>
        Trainer.Resume(Network, Train, Validation, options, cancel);

    /// <summary>The bytes of all parameters, masks and buffers.</summary>
    internal static byte[] BytesOf(Network network) =>
    [
        .. network.Parameters.SelectMany(p => BytesOf(p.Value)),
        .. network.Parameters.Where(p => p.Mask is not null).SelectMany(p => BytesOf(p.Mask!)),
        .. network.Buffers.Values.SelectMany(BytesOf),
    ];

    /// <summary>The bytes of both networks of a result.</summary>
    internal static byte[] BytesOf(TrainingResult result) => [.. BytesOf(result.Network), .. BytesOf(result.Last)];

    private static byte[] BytesOf(Tensor tensor) => tensor.DType == DType.Int64
        ? MemoryMarshal.AsBytes(tensor.AsSpan<long>()).ToArray()
        : MemoryMarshal.AsBytes(tensor.AsSpan<float>()).ToArray();
}
