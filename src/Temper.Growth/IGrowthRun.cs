using Temper.Data;
using Temper.Networks;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Growth;

/// <summary>Where a growth runs: data, trainings that may resume, and choices that depend on time.</summary>
public interface IGrowthRun
{
    /// <summary>Samples to train on.</summary>
    Dataset Train { get; }

    /// <summary>Held-out samples, which decide; never the test samples.</summary>
    Dataset Validation { get; }

    /// <summary>The clock.</summary>
    TimeProvider Time { get; }

    /// <summary>Trains a network to the end, or goes on with it.</summary>
    /// <param name="stage">Name of the training.</param>
    /// <param name="network">Where it begins.</param>
    /// <param name="options">How.</param>
    /// <exception cref="OperationCanceledException">It was stopped before its end.</exception>
    TrainingResult Fit(string stage, Network network, TrainingOptions options);

    /// <summary>
    /// Makes a choice that depends on time or on the machine, once: a resumed run gets what was chosen first.
    /// </summary>
    /// <param name="stage">Where in the run.</param>
    /// <param name="name">What is chosen, unique in the stage.</param>
    /// <param name="choose">Makes the choice.</param>
    string Choose(string stage, string name, Func<string> choose);

    /// <summary>Told after each epoch in which something happened.</summary>
    /// <param name="record">The path so far.</param>
    void Report(GrowthRecord record)
    {
    }
}

/// <summary>A growth whose stages are those of a <see cref="StagedRun"/>, or which keeps nothing.</summary>
/// <param name="data">Samples to train on, and held-out samples, which decide.</param>
/// <param name="run">Keeps checkpoints and choices; null: the growth cannot resume.</param>
/// <param name="time">The clock; null: the system's.</param>
/// <param name="cancel">Stops after the running step.</param>
public sealed class GrowthRun(
    (Dataset Train, Dataset Validation) data, StagedRun? run = null, TimeProvider? time = null,
    CancellationToken cancel = default) : IGrowthRun
{
    /// <inheritdoc/>
    public Dataset Train => data.Train;

    /// <inheritdoc/>
    public Dataset Validation => data.Validation;

    /// <inheritdoc/>
    public TimeProvider Time { get; } = time ?? TimeProvider.System;

    /// <inheritdoc/>
    public TrainingResult Fit(string stage, Network network, TrainingOptions options)
    {
        TrainingResult result = run is null
            ? Trainer.Fit(network, data.Train, data.Validation, options, cancel)
            : run.Fit(stage, network, data, options, cancel);
        return result.IsComplete ? result : throw new OperationCanceledException(
            $"growth: stopped after step {result.Steps} of training '{stage}'", cancel);
    }

    /// <inheritdoc/>
    public string Choose(string stage, string name, Func<string> choose) =>
        run is null ? choose() : run.Choose(stage, name, choose);
}
