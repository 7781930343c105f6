using Temper.Compression.DeepHoyer;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Experiments;

/// <summary>One network on one data set, dense and lean, with every choice made on validation samples.</summary>
internal sealed record Recipe
{
    internal required string Network { get; init; }

    internal required int DenseEpochs { get; init; }

    internal required int SparseEpochs { get; init; }

    internal required int TuneEpochs { get; init; }

    internal int BatchSize { get; init; } = 64;

    internal float Rate { get; init; } = 1e-3f;

    internal float TuneRate { get; init; } = 5e-4f;

    internal required float Strength { get; init; }

    internal required float Deviations { get; init; }

    internal int Validation { get; init; } = 5000;

    /// <summary>Trains dense and reports the test accuracy of the epoch chosen on validation samples.</summary>
    internal (Network Network, double Validation, double Test) Dense(DataSets data, ulong seed, int epochs)
    {
        (Dataset train, Dataset validation) = Split(data, seed);
        TrainingResult run = Trainer.Fit(Start(seed), train, validation, Options(seed, epochs, Rate));
        return (run.Network, run.History[run.BestEpoch].ValidationAccuracy, Test(run.Network, data));
    }

    /// <summary>Trains sparse from the start, prunes, fine-tunes with frozen zeros.</summary>
    internal (Network Network, double Validation, double Test, SparsityReport Report) Lean(DataSets data, ulong seed)
    {
        (Dataset train, Dataset validation) = Split(data, seed);
        TrainingOptions options = Options(seed, SparseEpochs, Rate) with { Terms = [new HoyerSquare { Strength = Strength }] };
        TrainingResult sparse = Trainer.Fit(Start(seed), train, validation, options);
        Network pruned = sparse.Last.Prune(PruningRule.StandardDeviations(Deviations));
        TrainingResult tuned = Trainer.Fit(pruned, train, validation, Options(seed + 1000, TuneEpochs, TuneRate));
        return (tuned.Network, tuned.History[tuned.BestEpoch].ValidationAccuracy, Test(tuned.Network, data), SparsityReport.Of(tuned.Network));
    }

    private static double Test(Network network, DataSets data) => Evaluator.Evaluate(network, data.Test).Accuracy;

    private Network Start(ulong seed) => NetworkZoo.Create(Network).Initialize(RandomStream.FromSeed(seed).Split("weights"));

    private (Dataset Train, Dataset Validation) Split(DataSets data, ulong seed) =>
        data.SplitValidation(Validation, RandomStream.FromSeed(seed).Split("validation"));

    private TrainingOptions Options(ulong seed, int epochs, float rate) => new()
    {
        Seed = seed,
        Epochs = epochs,
        BatchSize = BatchSize,
        Optimizer = new Adam { LearningRate = rate },
        Schedule = new CosineSchedule(),
    };
}
