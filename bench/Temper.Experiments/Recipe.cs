using Temper.Data.Augmentation;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Experiments;

/// <summary>How one network is trained dense and made lean.</summary>
internal sealed record Recipe
{
    internal required string Network { get; init; }

    /// <summary>Dense epochs that both networks begin with; 0: from fresh weights.</summary>
    internal required int DenseEpochs { get; init; }

    internal required int SparseEpochs { get; init; }

    internal required int TuneEpochs { get; init; }

    internal int BatchSize { get; init; } = 64;

    internal float Rate { get; init; } = 1e-3f;

    internal float SparseRate { get; init; } = 1e-3f;

    internal float TuneRate { get; init; } = 5e-4f;

    internal required float Strength { get; init; }

    /// <summary>The regularizer's strength in fine-tuning; 0, as the authors do it, drops it.</summary>
    internal required float TuneStrength { get; init; }

    internal required float Deviations { get; init; }

    /// <summary>Pixels by which training pictures are moved at random; 0: none.</summary>
    internal int Crop { get; init; }

    /// <summary>Part of the target spread over all classes.</summary>
    internal float LabelSmoothing { get; init; }

    internal TrainingOptions Options(ulong seed, int epochs, float rate) => new()
    {
        Seed = seed,
        Epochs = epochs,
        BatchSize = BatchSize,
        Optimizer = new Adam { LearningRate = rate },
        Schedule = new CosineSchedule(),
        Loss = new CrossEntropyLoss { LabelSmoothing = LabelSmoothing },
        Transforms = Crop > 0 ? [new RandomCrop(Crop)] : [],
    };
}
