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
    /// <exception cref="ShapeMismatchException">Samples do not fit the network.</exception>
    /// <exception cref="TrainingDivergedException">The loss is no longer finite.</exception>
    /// <exception cref="IOException">A checkpoint cannot be written; the one before is intact.</exception>
    public static TrainingResult Fit(
        Network network, Dataset train, Dataset validation, TrainingOptions options, CancellationToken cancel = default)
    {
        CheckFit(network, train, options.Validated());
        return Run(TrainingState.Begin(network, options), train, validation, options, cancel);
    }

    /// <summary>Goes on from the newest checkpoint in the options' folder, with the same bytes as if it had never stopped.</summary>
    /// <param name="network">The network that training began with: it gives the graph.</param>
    /// <param name="train">The samples of the run.</param>
    /// <param name="validation">The validation samples of the run.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="cancel">Stops after the running step and writes a checkpoint.</param>
    /// <exception cref="FileNotFoundException">The folder has no checkpoint.</exception>
    /// <exception cref="Formats.ModelFormatException">The checkpoint is damaged or of another network or optimizer.</exception>
    public static TrainingResult Resume(
        Network network, Dataset train, Dataset validation, TrainingOptions options, CancellationToken cancel = default)
    {
        CheckFit(network, train, options.Validated());
        return Run(Checkpoint.LoadNewest(network, options), train, validation, options, cancel);
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
        while (state.Epoch < options.Epochs && !ShouldStop(state, options))
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
                Save(state, options);
                return false;
            }

            step.Run(batch, state.Epoch + ((double)batch.Index / batches), isLast: batch.Index == batches - 1);
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
        Network judged = state.Judged();
        EvaluationResult found = Evaluator.Evaluate(judged, validation, options.Loss);
        bool isBest = state.BestEpoch < 0 || IsBetter(found.Accuracy, found.Loss, state.History[state.BestEpoch]);
        var result = new EpochResult
        {
            Epoch = state.Epoch,
            TrainLoss = state.LossSum / state.Samples,
            TrainAccuracy = options.Loss.IsClassification ? (double)state.Correct / state.Samples : double.NaN,
            Terms = state.Terms,
            ValidationLoss = found.Loss,
            ValidationAccuracy = found.Accuracy,
            LearningRate = options.Optimizer.LearningRate * options.Schedule.Factor(state.Epoch + 1, options.Epochs),
            IsBest = isBest,
        };
        state.History.Add(result);
        if (isBest)
        {
            state.BestEpoch = state.Epoch;
            state.Best = judged.Copy();
        }

        state.Epoch++;
        (state.Batch, state.LossSum, state.Correct, state.Samples) = (0, 0, 0, 0);
        Save(state, options);
        foreach (ITrainingCallback callback in options.Callbacks)
        {
            callback.OnEpoch(result);
        }
    }

    /// <summary>More right answers, or as many with a smaller loss; by loss alone where targets are not classes.</summary>
    private static bool IsBetter(double accuracy, double loss, EpochResult best) => double.IsNaN(accuracy)
        ? loss < best.ValidationLoss
        : accuracy > best.ValidationAccuracy || (accuracy == best.ValidationAccuracy && loss < best.ValidationLoss);

    private static bool ShouldStop(TrainingState state, TrainingOptions options)
    {
        if (options.EarlyStopping is not { } early || state.History.Count == 0)
        {
            return false;
        }

        // The last epoch that gained more than the minimum over all before it.
        int last = 0;
        double best = double.NegativeInfinity;
        for (int i = 0; i < state.History.Count; i++)
        {
            EpochResult epoch = state.History[i];
            double score = double.IsNaN(epoch.ValidationAccuracy) ? -epoch.ValidationLoss : epoch.ValidationAccuracy;
            if (score > best + early.MinimumGain)
            {
                (last, best) = (i, score);
            }
        }

        return state.History.Count - 1 - last >= early.Patience;
    }

    private static void Save(TrainingState state, TrainingOptions options)
    {
        if (options.CheckpointFolder is { } folder)
        {
            Checkpoint.Save(state, options, folder);
        }
    }

    private static TrainingResult Result(TrainingState state, bool isComplete) =>
        new((state.Best ?? state.Network).Copy(), state.Network.Copy(), state.History, Math.Max(state.BestEpoch, 0), state.Step, isComplete);

    private static void CheckFit(Network network, Dataset train, TrainingOptions options)
    {
        Shape expected = network.Inputs[0].SampleShape;
        if (!train.SampleShape.Equals(expected))
        {
            throw new ShapeMismatchException("Trainer", train.SampleShape, $"samples of {expected}, the network's input");
        }

        if (train.Count == 0)
        {
            throw new ArgumentException("Trainer: there are no samples to train on", nameof(train));
        }

        if (options.Loss.IsClassification != train.TargetShape is null)
        {
            throw new ArgumentException(
                $"Trainer: the loss does not fit the targets (got {options.Loss.GetType().Name} for {(train.TargetShape is null ? "class labels" : $"targets {train.TargetShape}")})",
                nameof(options));
        }
    }
}
