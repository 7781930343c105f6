using Temper.Data;
using Temper.Networks;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Growth;

/// <summary>Environment of a growth: its data, resumable trainings, and recorded choices.</summary>
public interface IGrowthRun
{
    /// <summary>Training samples.</summary>
    Dataset Train { get; }

    /// <summary>Held-out samples, on which all decisions are based; never use the test samples.</summary>
    Dataset Validation { get; }

    /// <summary>The clock.</summary>
    TimeProvider Time { get; }

    /// <summary>Trains a network to completion, or resumes its training.</summary>
    /// <param name="stage">Name of the training stage.</param>
    /// <param name="network">Initial network.</param>
    /// <param name="options">Training options.</param>
    /// <exception cref="OperationCanceledException">Training was stopped before it was complete.</exception>
    TrainingResult Fit(string stage, Network network, TrainingOptions options);

    /// <summary>
    /// Makes a choice that depends on time or on the machine once, and records it. A resumed run gets the recorded
    /// choice.
    /// </summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="name">Name of the choice, unique within the stage.</param>
    /// <param name="choose">Makes the choice.</param>
    string Choose(string stage, string name, Func<string> choose);

    /// <summary>Called after each epoch in which an event happened.</summary>
    /// <param name="record">The record so far.</param>
    void Report(GrowthRecord record)
    {
    }
}

/// <summary>Runs a growth in a <see cref="StagedRun"/>, or without saving anything.</summary>
/// <param name="data">Training samples, and held-out samples on which all decisions are based.</param>
/// <param name="run">Saves checkpoints and choices; null: the growth cannot be resumed.</param>
/// <param name="time">The clock; null: the system clock.</param>
/// <param name="cancel">Stops after the current step.</param>
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
