using Temper.Data.Augmentation;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Experiments;

/// <summary>Recipe for training a dense network and a lean one.</summary>
internal sealed record Recipe
{
    internal required string Network { get; init; }

    /// <summary>Epochs of the dense start of both networks; 0: both start from random weights.</summary>
    internal required int DenseEpochs { get; init; }

    internal required int SparseEpochs { get; init; }

    internal required int TuneEpochs { get; init; }

    internal int BatchSize { get; init; } = 64;

    internal float Rate { get; init; } = 1e-3f;

    internal float SparseRate { get; init; } = 1e-3f;

    internal float TuneRate { get; init; } = 5e-4f;

    internal required float Strength { get; init; }

    /// <summary>Strength of the regularizer in fine-tuning; 0, as in the authors' method: no regularizer.</summary>
    internal required float TuneStrength { get; init; }

    internal required float Deviations { get; init; }

    /// <summary>Maximum random shift of training pictures, in pixels; 0: none.</summary>
    internal int Crop { get; init; }

    /// <summary>Fraction of the target that is spread over all classes.</summary>
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
