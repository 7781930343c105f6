using Temper.Data;
using Temper.Networks;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Robustness.Feedback;

/// <summary>Provides the data and trainings of feedback learning; trainings may be resumable.</summary>
public interface IFeedbackRun
{
    /// <summary>Samples used for training and probing.</summary>
    Dataset Train { get; }

    /// <summary>Held-out samples, on which the loss of accuracy is limited; must not be the test samples.</summary>
    Dataset Validation { get; }

    /// <summary>Trains a network to completion, or resumes its training.</summary>
    /// <param name="stage">Name of the training stage.</param>
    /// <param name="network">Network to start from.</param>
    /// <param name="options">Training options.</param>
    /// <exception cref="OperationCanceledException">The training was stopped before its end.</exception>
    TrainingResult Fit(string stage, Network network, TrainingOptions options);

    /// <summary>Called after each round.</summary>
    /// <param name="round">Result of the round.</param>
    void Report(FeedbackRound round)
    {
    }
}

/// <summary>
/// Runs the trainings of feedback learning as stages of a <see cref="StagedRun"/>, or without checkpoints.
/// </summary>
/// <param name="data">Training samples and held-out samples.</param>
/// <param name="run">Saves checkpoints; null: the run cannot be resumed.</param>
/// <param name="cancel">Stops the training after the current step.</param>
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
