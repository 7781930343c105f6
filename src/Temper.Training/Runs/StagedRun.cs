using Temper.Data;
using Temper.Networks;

namespace Temper.Training.Runs;

/// <summary>
/// A run of several named stages that resumes: what has ended gives its result at once, what has a checkpoint goes on
/// from there. A resumed run therefore does everything again from the start, in the same order.
/// </summary>
/// <remarks>
/// The bytes of a run must not depend on when it was stopped. What depends on time or on the machine, a limit that
/// ended a search or kernels that were chosen by measurement, goes through <see cref="Choose"/>, so that a resume takes
/// the same.
/// </remarks>
/// <param name="folder">Where checkpoints and choices are kept.</param>
/// <param name="time">Gives the time at which a choice was made.</param>
public sealed class StagedRun(RunFolder folder, TimeProvider time)
{
    /// <summary>Trains a network, goes on with it, or gives the result of the training that ended.</summary>
    /// <param name="stage">Name of the training, unique in the run.</param>
    /// <param name="network">Where it begins; must be the same each time.</param>
    /// <param name="data">Samples to train on, and samples that choose the epoch.</param>
    /// <param name="options">How; the checkpoint folder is set.</param>
    /// <param name="cancel">Stops after the running step, with a checkpoint.</param>
    /// <exception cref="Formats.ModelFormatException">
    /// The stage began with other options or data, or its checkpoint is damaged.
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

    /// <summary>Folder of a stage's checkpoints; need not exist.</summary>
    /// <param name="stage">Name of the training.</param>
    public string CheckpointsOf(string stage) => Path.Combine(folder.CheckpointsPath, stage);

    /// <summary>
    /// Makes a choice that depends on time or on the machine, once: a resumed run gets what was chosen first.
    /// </summary>
    /// <param name="stage">Where in the run.</param>
    /// <param name="name">What is chosen, unique in the stage.</param>
    /// <param name="choose">Makes the choice; called only where none is recorded.</param>
    /// <returns>The choice, as text: a number, a JSON document.</returns>
    /// <exception cref="IOException">The choice cannot be recorded.</exception>
    /// <exception cref="InvalidDataException">The record of choices is damaged.</exception>
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
            Time = time.GetUtcNow(), Kind = name, Phase = stage, Step = 0, Text = $"{name} was chosen in '{stage}'",
            Value = value,
        });
        return value;
    }
}
