using System.Globalization;
using Temper.Data;
using Temper.Networks;

namespace Temper.Training.Runs;

/// <summary>Runs the trainings of a method in memory, or as stages of a <see cref="StagedRun"/>.</summary>
/// <param name="data">Training samples, and held-out samples on which all decisions are based.</param>
/// <param name="run">
/// Saves checkpoints and choices, so that the run can be resumed; null: nothing is saved.
/// </param>
/// <param name="time">The clock; null: the system clock.</param>
/// <param name="cancel">Stops the training after the current step.</param>
public sealed class MethodRun(
    (Dataset Train, Dataset Validation) data, StagedRun? run = null, TimeProvider? time = null,
    CancellationToken cancel = default) : IMethodRun
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
            string.Create(
                CultureInfo.InvariantCulture, $"training '{stage}' was stopped after step {result.Steps}"),
            cancel);
    }

    /// <inheritdoc/>
    public string Choose(string stage, string name, Func<string> choose) =>
        run is null ? choose() : run.Choose(stage, name, choose);
}
