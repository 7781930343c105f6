using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// Trains networks: epochs, data and evaluation on top of a <see cref="Learner"/>. The network that comes in never
/// changes.
/// </summary>
public static class Trainer
{
    /// <summary>Trains a copy of a network and returns the best epoch's, chosen on validation samples.</summary>
    /// <param name="network">Where to begin; initialized.</param>
    /// <param name="train">Samples to train on.</param>
    /// <param name="validation">Samples that choose the epoch; never the test samples.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops after the running step and writes a checkpoint, if there is a folder for it.</param>
    /// <exception cref="ShapeMismatchException">Samples or targets do not fit the network.</exception>
    /// <exception cref="ArgumentException">
    /// A label is no class of the network, a set is empty, or options do not fit.
    /// </exception>
    /// <exception cref="TrainingDivergedException">
    /// The loss, a regularizer or a weight is no longer finite; the last checkpoint is intact.
    /// </exception>
    /// <exception cref="IOException">A checkpoint cannot be written; the one before is intact.</exception>
    public static TrainingResult Fit(
        Network network, Dataset train, Dataset validation, TrainingOptions options, CancellationToken cancel = default)
    {
        TrainingChecks.Require(network, train, validation, options);
        return TrainingRun.Begin(new RunInputs(network, train, validation, options)).Run(cancel);
    }

    /// <summary>
    /// Goes on from the newest checkpoint in the options' folder, with the same bytes as if it had never stopped.
    /// </summary>
    /// <param name="network">
    /// The network that training began with; the graph of now, weights and masks come from the checkpoint.
    /// </param>
    /// <param name="train">The samples of the run.</param>
    /// <param name="validation">The validation samples of the run.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="cancel">Stops after the running step and writes a checkpoint.</param>
    /// <exception cref="FileNotFoundException">The folder has no checkpoint.</exception>
    /// <exception cref="Formats.ModelFormatException">
    /// The checkpoint is damaged, or the run began with other options, data or another network: the error names what
    /// differs.
    /// </exception>
    public static TrainingResult Resume(
        Network network, Dataset train, Dataset validation, TrainingOptions options, CancellationToken cancel = default)
    {
        TrainingChecks.Require(network, train, validation, options);
        return TrainingRun.Resume(new RunInputs(network, train, validation, options)).Run(cancel);
    }

    /// <summary>Whether a folder has a checkpoint that <see cref="Resume"/> can go on from.</summary>
    /// <param name="checkpointFolder">As in <see cref="TrainingOptions.CheckpointFolder"/>; need not exist.</param>
    public static bool CanResume(string checkpointFolder) => Learner.CanLoad(checkpointFolder);
}
