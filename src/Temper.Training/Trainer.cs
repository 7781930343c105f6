using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training.Checkpoints;

namespace Temper.Training;

/// <summary>
/// Trains networks: adds epochs, data loading and evaluation to a <see cref="Learner"/>. The input network never
/// changes.
/// </summary>
public static class Trainer
{
    /// <summary>
    /// Trains a copy of a network and returns the network of the best epoch, selected on the validation samples.
    /// </summary>
    /// <param name="network">Initial network, with initialized parameters.</param>
    /// <param name="train">Training samples.</param>
    /// <param name="validation">Validation samples, used to select the best epoch; never use the test samples.</param>
    /// <param name="options">Training options.</param>
    /// <param name="cancel">Stops after the current step and writes a checkpoint if a checkpoint folder is set.</param>
    /// <exception cref="ShapeMismatchException">The samples or targets do not match the network.</exception>
    /// <exception cref="ArgumentException">
    /// A label is out of range, a data set is empty, or the options are invalid.
    /// </exception>
    /// <exception cref="TrainingDivergedException">
    /// The loss, a regularizer or a weight is not finite; the last checkpoint is intact.
    /// </exception>
    /// <exception cref="IOException">
    /// A checkpoint cannot be written; the previous one is intact. Or another training uses the checkpoint folder.
    /// </exception>
    public static TrainingResult Fit(
        Network network, Dataset train, Dataset validation, TrainingOptions options, CancellationToken cancel = default)
    {
        TrainingChecks.Require(network, train, validation, options);
        using FileStream? reservation = Reserve(options);
        return TrainingRun.Begin(new RunInputs(network, train, validation, options)).Run(cancel);
    }

    /// <summary>
    /// Resumes from the newest checkpoint in the options' folder. The result is bit-identical to that of an
    /// uninterrupted run.
    /// </summary>
    /// <param name="network">
    /// The network with which training started; only its graph is compared. The current graph, weights and masks are
    /// read from the checkpoint.
    /// </param>
    /// <param name="train">The training samples of the run.</param>
    /// <param name="validation">The validation samples of the run.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="cancel">Stops after the current step and writes a checkpoint.</param>
    /// <exception cref="FileNotFoundException">The folder has no checkpoint.</exception>
    /// <exception cref="Formats.ModelFormatException">
    /// The checkpoint is damaged, or the run started with other options, other data (compared by their numbers and by
    /// 16 samples of each set) or a network with another graph; the message names the difference.
    /// </exception>
    /// <exception cref="IOException">
    /// A checkpoint cannot be written; the previous one is intact. Or another training uses the checkpoint folder.
    /// </exception>
    public static TrainingResult Resume(
        Network network, Dataset train, Dataset validation, TrainingOptions options, CancellationToken cancel = default)
    {
        TrainingChecks.Require(network, train, validation, options);
        using FileStream? reservation = Directory.Exists(options.CheckpointFolder) ? Reserve(options) : null;
        return TrainingRun.Resume(new RunInputs(network, train, validation, options)).Run(cancel);
    }

    /// <summary>Returns whether a folder has a checkpoint from which <see cref="Resume"/> can continue.</summary>
    /// <param name="checkpointFolder">
    /// Folder as in <see cref="TrainingOptions.CheckpointFolder"/>; need not exist.
    /// </param>
    public static bool CanResume(string checkpointFolder) => Learner.CanLoad(checkpointFolder);

    /// <summary>Reserves the checkpoint folder, to which only the first rank writes; null: there is none.</summary>
    private static FileStream? Reserve(TrainingOptions options) =>
        options is { CheckpointFolder: { } folder, Ranks.Part.Index: 0 } ? CheckpointReservation.Of(folder) : null;
}
