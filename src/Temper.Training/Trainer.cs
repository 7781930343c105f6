using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Checkpoints;
using Temper.Training.Evaluation;

namespace Temper.Training;

/// <summary>Trains networks. The network that comes in never changes.</summary>
public static class Trainer
{
    /// <summary>Trains a copy of a network and returns the best epoch's, chosen on validation samples.</summary>
    /// <param name="network">Where to begin; initialized.</param>
    /// <param name="train">Samples to train on.</param>
    /// <param name="validation">Samples that choose the epoch; never the test samples.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops after the running step and writes a checkpoint, if there is a folder for it.</param>
    /// <exception cref="ShapeMismatchException">Samples or targets do not fit the network.</exception>
    /// <exception cref="ArgumentException">A label is no class of the network, a set is empty, or options do not fit.</exception>
    /// <exception cref="TrainingDivergedException">The loss, a term or a weight is no longer finite; the last checkpoint is intact.</exception>
    /// <exception cref="IOException">A checkpoint cannot be written; the one before is intact.</exception>
    public static TrainingResult Fit(
        Network network, Dataset train, Dataset validation, TrainingOptions options, CancellationToken cancel = default)
    {
        TrainingChecks.Require(network, train, validation, options);
        return Run(TrainingState.Begin(network, train.Count, options), train, validation, options, cancel);
    }

    /// <summary>Goes on from the newest checkpoint in the options' folder, with the same bytes as if it had never stopped.</summary>
    /// <param name="network">The network that training began with: it gives the graph.</param>
    /// <param name="train">The samples of the run.</param>
    /// <param name="validation">The validation samples of the run.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="cancel">Stops after the running step and writes a checkpoint.</param>
    /// <exception cref="FileNotFoundException">The folder has no checkpoint.</exception>
    /// <exception cref="Formats.ModelFormatException">The checkpoint is damaged, or of another network or other options.</exception>
    public static TrainingResult Resume(
        Network network, Dataset train, Dataset validation, TrainingOptions options, CancellationToken cancel = default)
    {
        TrainingChecks.Require(network, train, validation, options);
        return Run(Checkpoint.LoadNewest(network, train.Count, options), train, validation, options, cancel);
    }

    /// <summary>Whether a folder has a checkpoint that <see cref="Resume"/> can go on from.</summary>
    /// <param name="checkpointFolder">As in <see cref="TrainingOptions.CheckpointFolder"/>; need not exist.</param>
    public static bool CanResume(string checkpointFolder) => Checkpoint.Exists(checkpointFolder);

    private static TrainingResult Run(
        TrainingState state, Dataset train, Dataset validation, TrainingOptions options, CancellationToken cancel)
    {
        RandomStream root = RandomStream.FromSeed(options.Seed);
        var step = new TrainingStep(state, options, root.Split("dropout"));
        var loader = new DataLoader(
            train,
            new DataLoaderOptions { BatchSize = options.BatchSize, Shuffles = true, Transforms = options.Transforms },
            root.Split("data"));
        while (state.Epoch < options.Epochs && !EpochChoice.ShouldStop(state.History, options.EarlyStopping))
        {
            if (!RunEpoch(state, step, loader, options, cancel))
            {
                return Result(state, isComplete: false);
            }

            EndEpoch(state, validation, options);
        }

        return Result(state, isComplete: true);
    }

    /// <summary>Runs what is left of the epoch; false when it was canceled, after which a checkpoint tells where.</summary>
    private static bool RunEpoch(
        TrainingState state, TrainingStep step, DataLoader loader, TrainingOptions options, CancellationToken cancel)
    {
        int batches = loader.BatchCount;
        foreach (Batch batch in loader.Epoch(state.Epoch, state.Batch))
        {
            // Stop between steps only: gradients that are half added up are not part of a checkpoint.
            if (cancel.IsCancellationRequested && batch.Index % options.Accumulation == 0)
            {
                state.RequireFinite(options);
                Save(state, options);
                return false;
            }

            int first = batch.Index - (batch.Index % options.Accumulation);
            double done = (double)first * options.BatchSize / state.TrainCount;
            step.Run(batch, state.Epoch + done, isLast: batch.Index == batches - 1);
            state.Batch = batch.Index + 1;
            var progress = new StepProgress(state.Epoch, batch.Index, batches, state.Step, state.LossSum / state.Samples);
            foreach (ITrainingCallback callback in options.Callbacks)
            {
                callback.OnStep(progress);
            }
        }

        return true;
    }

    private static void EndEpoch(TrainingState state, Dataset validation, TrainingOptions options)
    {
        state.RequireFinite(options);
        Network judged = state.Judged();
        EvaluationResult found = Evaluator.Evaluate(judged, validation, options.Loss);
        var result = new EpochResult
        {
            Epoch = state.Epoch,
            TrainLoss = state.LossSum / state.Samples,
            TrainAccuracy = options.Loss.IsClassification ? (double)state.Correct / state.Samples : double.NaN,
            Terms = state.Terms,
            ValidationLoss = found.Loss,
            ValidationAccuracy = found.Accuracy,
            LearningRate = state.LearningRate,
            IsBest = false,
        };
        if (state.BestEpoch < 0 || EpochChoice.IsBetter(result, state.History[state.BestEpoch]))
        {
            result = result with { IsBest = true };
            state.BestEpoch = state.Epoch;
            state.Best = judged.Copy();
        }

        state.History.Add(result);
        state.Epoch++;
        (state.Batch, state.LossSum, state.Correct, state.Samples) = (0, 0, 0, 0);

        // Told first, saved then: a run that is killed between the two tells of this epoch again rather than never.
        foreach (ITrainingCallback callback in options.Callbacks)
        {
            callback.OnEpoch(result);
        }

        Save(state, options);
    }

    private static void Save(TrainingState state, TrainingOptions options)
    {
        if (options.CheckpointFolder is { } folder)
        {
            Checkpoint.Save(state, options, folder);
        }
    }

    private static TrainingResult Result(TrainingState state, bool isComplete)
    {
        Network last = state.Judged().Copy();
        return new TrainingResult((state.Best ?? last).Copy(), last, state.History, Math.Max(state.BestEpoch, 0), state.Step, isComplete);
    }
}
