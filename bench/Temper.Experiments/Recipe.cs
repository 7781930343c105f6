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
        TrainingResult run = FitDense(data, seed, epochs);
        return (run.Network, run.History[run.BestEpoch].ValidationAccuracy, Test(run.Network, data));
    }

    /// <summary>What lean networks are compared with while choices are made; test samples are not looked at.</summary>
    internal double DenseValidation(DataSets data, ulong seed)
    {
        TrainingResult run = FitDense(data, seed, DenseEpochs);
        return run.History[run.BestEpoch].ValidationAccuracy;
    }

    /// <summary>Trains sparse from the start, prunes, fine-tunes with frozen zeros.</summary>
    internal (Network Network, double Validation, double Test, SparsityReport Report) Lean(DataSets data, ulong seed)
    {
        (Network network, double validation, SparsityReport report) = Tune(data, seed, Sparse(data, seed));
        return (network, validation, Test(network, data), report);
    }

    /// <summary>Trains with the regularizer; the last epoch counts, since the first ones are the least sparse.</summary>
    internal Network Sparse(DataSets data, ulong seed)
    {
        (Dataset train, Dataset validation) = Split(data, seed);
        TrainingOptions options = Options(seed, SparseEpochs, Rate) with { Terms = [new HoyerSquare { Strength = Strength }] };
        return Trainer.Fit(Start(seed), train, validation, options).Last;
    }

    /// <summary>Prunes and trains what is left; test samples are not looked at.</summary>
    internal (Network Network, double Validation, SparsityReport Report) Tune(DataSets data, ulong seed, Network sparse)
    {
        (Dataset train, Dataset validation) = Split(data, seed);
        TrainingResult tuned = Trainer.Fit(
            sparse.Prune(PruningRule.StandardDeviations(Deviations)), train, validation, Options(seed + 1, TuneEpochs, TuneRate));
        return (tuned.Network, tuned.History[tuned.BestEpoch].ValidationAccuracy, SparsityReport.Of(tuned.Network));
    }

    private TrainingResult FitDense(DataSets data, ulong seed, int epochs)
    {
        (Dataset train, Dataset validation) = Split(data, seed);
        return Trainer.Fit(Start(seed), train, validation, Options(seed, epochs, Rate));
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
