using Temper.Data;
using Temper.Networks;
using Temper.Training.Checkpoints;

namespace Temper.Training.Runs;

/// <summary>
/// A resumable run of several named stages. A finished stage returns its saved result without training; an interrupted
/// stage resumes from its checkpoint. A resumed run therefore makes all calls again from the start, in the same order.
/// </summary>
/// <remarks>
/// The exact results of a run must not depend on when it was stopped. Use <see cref="Choose"/> for every value that
/// depends on time or on the machine, such as a time limit that ended a search or kernels chosen by measurement, so
/// that a resumed run uses the same value.
/// </remarks>
/// <param name="folder">Run folder for checkpoints and choices.</param>
/// <param name="time">Provides the time at which a choice was made.</param>
public sealed class StagedRun(RunFolder folder, TimeProvider time)
{
    /// <summary>Trains a network, resumes its training, or returns the saved result of a finished training.</summary>
    /// <param name="stage">Name of the training stage, unique within the run.</param>
    /// <param name="network">Initial network; must be the same at each call.</param>
    /// <param name="data">Training samples, and validation samples used to select the best epoch.</param>
    /// <param name="options">Training options; the checkpoint folder is set by this method.</param>
    /// <param name="cancel">Stops after the current step and writes a checkpoint.</param>
    /// <exception cref="Formats.ModelFormatException">
    /// The stage started with other options or data, or its checkpoint is damaged.
    /// </exception>
    public TrainingResult Fit(
        string stage, Network network, (Dataset Train, Dataset Validation) data, TrainingOptions options,
        CancellationToken cancel = default)
    {
        options = options with { CheckpointFolder = CheckpointsOf(stage) };
        return Trainer.CanResume(options.CheckpointFolder)
            ? Trainer.Resume(network, data.Train, data.Validation, options, cancel)
            : Trainer.Fit(network, data.Train, data.Validation, options, cancel);
    }

    /// <summary>
    /// Returns where a stage's newest checkpoint is: steps done and epoch, from 1; null if it has no checkpoint.
    /// </summary>
    /// <exception cref="Formats.ModelFormatException">The checkpoint is damaged.</exception>
    internal (long Steps, int Epoch)? PositionOf(string stage)
    {
        string checkpoints = CheckpointsOf(stage);
        if (!Trainer.CanResume(checkpoints))
        {
            return null;
        }

        CheckpointState state = CheckpointState.Read(Checkpoint.NewestState(checkpoints));
        return (state.Steps, TrainingProgress.Read(state.Method, checkpoints).Epoch + 1);
    }

    /// <summary>Returns the folder of a stage's checkpoints; it need not exist.</summary>
    /// <param name="stage">Name of the training stage.</param>
    public string CheckpointsOf(string stage) => Path.Combine(folder.CheckpointsPath, stage);

    /// <summary>
    /// Makes a choice that depends on time or on the machine once, and records it. A resumed run gets the recorded
    /// choice.
    /// </summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="name">Name of the choice, unique within the stage.</param>
    /// <param name="choose">Makes the choice; called only if none is recorded.</param>
    /// <returns>The choice as text, such as a number or a JSON document.</returns>
    /// <exception cref="IOException">The choice cannot be recorded.</exception>
    /// <exception cref="InvalidDataException">The decisions file is damaged.</exception>
    public string Choose(string stage, string name, Func<string> choose)
    {
        RunDecision? made = folder.ReadDecisions().FirstOrDefault(decision => decision.Value is not null
            && string.Equals(decision.Phase, stage, StringComparison.Ordinal)
            && string.Equals(decision.Kind, name, StringComparison.Ordinal));
        if (made is not null)
        {
            return made.Value!;
        }

        string value = choose();
        folder.Record(new RunDecision
        {
            Time = time.GetUtcNow(), Kind = name, Phase = stage, Step = 0,
            Text = $"{name} in '{stage}': {value.ReplaceLineEndings(" ")}", Value = value,
        });
        return value;
    }
}
