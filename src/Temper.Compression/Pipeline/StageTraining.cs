using Temper.Compression.Distillation;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Compression.Pipeline;

/// <summary>Training options of the stages of a compression.</summary>
internal static class StageTraining
{
    /// <summary>
    /// Returns the options of a stage: those of the user without their regularizers, with a cosine schedule over the
    /// epochs of the stage and the original network as teacher.
    /// </summary>
    /// <param name="options">Options of the compression.</param>
    /// <param name="teacher">The original network.</param>
    /// <param name="epochs">Number of epochs of the stage.</param>
    /// <param name="offset">Added to the seed, so that stages draw different random numbers.</param>
    internal static TrainingOptions Of(CompressionOptions options, Network teacher, int epochs, ulong offset)
    {
        TrainingOptions own = options.Training
            ?? new TrainingOptions { Seed = options.Seed, Optimizer = new Adam { LearningRate = 1e-3f } };
        return own with
        {
            Seed = options.Seed + offset,
            Epochs = epochs,
            Schedule = new CosineSchedule(),
            Regularizers = [],
            Objective = options.Distillation > 0
                ? new DistillationObjective(teacher, own.Loss) { Weight = options.Distillation, Mixup = options.Mixup }
                : null,
        };
    }
}
