using Temper.Data;
using Temper.Networks;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Robustness.Feedback;

/// <summary>Where feedback learning runs: data, and trainings that may resume.</summary>
public interface IFeedbackRun
{
    /// <summary>Samples to train on and to probe.</summary>
    Dataset Train { get; }

    /// <summary>Held-out samples, whose accuracy bounds what may be lost; never the test samples.</summary>
    Dataset Validation { get; }

    /// <summary>Trains a network to the end, or goes on with it.</summary>
    /// <param name="stage">Name of the training.</param>
    /// <param name="network">Where it begins.</param>
    /// <param name="options">How.</param>
    /// <exception cref="OperationCanceledException">It was stopped before its end.</exception>
    TrainingResult Fit(string stage, Network network, TrainingOptions options);

    /// <summary>Told after each round.</summary>
    /// <param name="round">What the round gave.</param>
    void Report(FeedbackRound round)
    {
    }
}

/// <summary>
/// Feedback learning whose trainings are stages of a <see cref="StagedRun"/>, or which keeps nothing.
/// </summary>
/// <param name="data">Samples to train on, and held-out samples.</param>
/// <param name="run">Keeps checkpoints; null: the run cannot resume.</param>
/// <param name="cancel">Stops after the running step.</param>
public sealed class FeedbackRun(
    (Dataset Train, Dataset Validation) data, StagedRun? run = null, CancellationToken cancel = default) : IFeedbackRun
{
    /// <inheritdoc/>
    public Dataset Train => data.Train;

    /// <inheritdoc/>
    public Dataset Validation => data.Validation;

    /// <inheritdoc/>
    public TrainingResult Fit(string stage, Network network, TrainingOptions options)
    {
        TrainingResult result = run is null
            ? Trainer.Fit(network, data.Train, data.Validation, options, cancel)
            : run.Fit(stage, network, data, options, cancel);
        return result.IsComplete ? result : throw new OperationCanceledException(
            $"feedback learning: stopped after step {result.Steps} of training '{stage}'", cancel);
    }
}
