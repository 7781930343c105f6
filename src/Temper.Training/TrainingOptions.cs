using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Data.Augmentation;
using Temper.Optimization;

namespace Temper.Training;

/// <summary>
/// Options of training. A method is added as an objective, a regularizer, a mask on the network, an edit between
/// epochs, or a callback.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>
    /// Seed of the sample order, augmentation and dropout. The same seed gives bit-identical results for any number of
    /// threads.
    /// </summary>
    public required ulong Seed { get; init; }

    /// <summary>Number of passes over the training data; 1 or more.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Samples per batch; 1 or more.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// Gradient accumulation: number of batches whose gradients are averaged for one step; 1 or more.
    /// </summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>The optimizer; default: <see cref="Adam"/>.</summary>
    public Optimizer Optimizer { get; init; } = new Adam();

    /// <summary>The learning-rate schedule; default: constant.</summary>
    public LearningRateSchedule Schedule { get; init; } = new ConstantSchedule();

    /// <summary>The loss to minimize; also computed on the validation samples.</summary>
    public TrainingLoss Loss { get; init; } = new CrossEntropyLoss();

    /// <summary>
    /// The training objective, for example adversarial training or distillation; null: <see cref="Loss"/> of the
    /// unchanged batch.
    /// </summary>
    public Objective? Objective { get; init; }

    /// <summary>Regularizers; each adds its value and its gradient.</summary>
    public IReadOnlyList<IRegularizer> Regularizers { get; init; } = [];

    /// <summary>Parameter groups with their own learning rate or weight decay, or that are frozen.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; init; } = [];

    /// <summary>Gradient clipping; null: off.</summary>
    public GradientClipping? Clipping { get; init; }

    /// <summary>
    /// Exponential moving average of the weights; if set, the averaged network is validated and returned. Null: off.
    /// </summary>
    public WeightAverage? Average { get; init; }

    /// <summary>Early stopping; null: off.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>Augmentations of the training samples, applied in order.</summary>
    public IReadOnlyList<SampleTransform> Transforms { get; init; } = [];

    /// <summary>Edits of the network between epochs.</summary>
    public IReadOnlyList<IEpochEdit> Edits { get; init; } = [];

    /// <summary>Callbacks after steps and epochs.</summary>
    public IReadOnlyList<ITrainingCallback> Callbacks { get; init; } = [];

    /// <summary>
    /// The ranks that share the run. The number of ranks changes results only by rounding, so a run may resume on a
    /// different number of ranks; several ranks must exchange values as those that wrote the checkpoint did, if they
    /// were several.
    /// </summary>
    public TrainingRanks Ranks { get; init; } = TrainingRanks.One;

    /// <summary>Records the time spent in each step; null: off. Does not change results.</summary>
    public StepTimeline? Timeline { get; init; }

    /// <summary>
    /// Folder for checkpoints, written after each epoch and on cancellation; null: no checkpoints. A folder holds one
    /// run: <see cref="Trainer.Fit"/> begins a new one, whose first checkpoint replaces those of an earlier run; use
    /// <see cref="Trainer.Resume"/> to continue. Only one training at a time can use a folder.
    /// </summary>
    public string? CheckpointFolder { get; init; }

    /// <summary>Returns the options of the learner.</summary>
    internal LearnerOptions ForLearner() => new()
    {
        Optimizer = Optimizer, Regularizers = Regularizers, Groups = Groups, Clipping = Clipping, Average = Average,
        Seed = Seed,
    };

    /// <summary>
    /// Returns everything that determines the exact results of a run besides the learner's options. The checkpoint
    /// folder and the callbacks are not included. The number of epochs is included only if the schedule depends on it;
    /// otherwise a resumed run may train for more epochs.
    /// </summary>
    internal JsonObject Fingerprint() => new()
    {
        ["epochs"] = Schedule.DependsOnLength ? Epochs : null,
        ["batchSize"] = BatchSize,
        ["accumulation"] = Accumulation,
        ["schedule"] = OptionsJson.Of(Schedule),
        ["loss"] = Fingerprints.Of(Loss),
        ["objective"] = Objective is null ? null : Fingerprints.Of(Objective),
        ["earlyStopping"] = EarlyStopping is null
            ? null
            : JsonSerializer.SerializeToNode(EarlyStopping, TrainingJson.Default.EarlyStopping),
        ["transforms"] = Fingerprints.Of(Transforms),
        ["edits"] = Fingerprints.Of(Edits),
    };

    internal TrainingOptions Validated()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Epochs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Accumulation, 1);
        ForLearner().Validate();
        ArgumentNullException.ThrowIfNull(Schedule);
        ArgumentNullException.ThrowIfNull(Loss);
        ArgumentNullException.ThrowIfNull(Ranks);
        RequiredLists.Check(Transforms);
        RequiredLists.Check(Edits);
        RequiredLists.Check(Callbacks);
        Schedule.Validate();
        TrainingLoss? labelLoss = Objective is null ? Loss : Objective.LabelLoss;
        if (Ranks.Part.Count > 1 && labelLoss is CrossEntropyLoss { ClassWeights: not null })
        {
            throw new NotSupportedException("TrainingOptions: class weights need all samples of a batch on one rank "
                + $"(got {Ranks.Part.Count} ranks, expected 1); use one rank, or no class weights");
        }

        EarlyStopping?.Validated();
        if (Edits.GroupBy(edit => edit.Name, StringComparer.Ordinal).FirstOrDefault(
            group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"TrainingOptions.Edits: two edits have the same name (got '{twice.Key}' "
                + "twice), under which their state is saved; rename one");
        }

        return this;
    }
}

/// <summary>
/// Observes training. Called on the training thread; for reproducible runs it must not depend on time.
/// </summary>
public interface ITrainingCallback
{
    /// <summary>
    /// Called after each batch. With <see cref="TrainingOptions.Accumulation"/> above 1, several batches make one step.
    /// </summary>
    /// <param name="progress">Progress of training.</param>
    void OnStep(StepProgress progress);

    /// <summary>
    /// Called after each epoch, after its validation and before its checkpoint. If a run is killed in between, the
    /// resumed run calls it again for the same epoch.
    /// </summary>
    /// <param name="epoch">Results of the epoch.</param>
    void OnEpoch(EpochResult epoch);
}

/// <summary>Progress of training after a batch.</summary>
/// <param name="Epoch">Index of the epoch, from 0.</param>
/// <param name="Batch">Index of the batch within its epoch, from 0.</param>
/// <param name="Batches">Number of batches per epoch.</param>
/// <param name="Step">Number of steps since the start of training.</param>
/// <param name="Loss">Mean loss of the epoch so far, without regularizers.</param>
public readonly record struct StepProgress(int Epoch, int Batch, int Batches, long Step, double Loss);

/// <summary>Results of an epoch.</summary>
public sealed record EpochResult
{
    /// <summary>Index of the epoch, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>Mean training loss, without regularizers.</summary>
    public required double TrainLoss { get; init; }

    /// <summary>
    /// Training accuracy, 0 to 1, measured while the weights change; NaN if the loss is not for classification or the
    /// objective returns no output.
    /// </summary>
    public required double TrainAccuracy { get; init; }

    /// <summary>Sum of the regularizers' values at the last step.</summary>
    public required double Regularization { get; init; }

    /// <summary>Mean validation loss.</summary>
    public required double ValidationLoss { get; init; }

    /// <summary>Validation accuracy, 0 to 1; NaN if the loss is not for classification.</summary>
    public required double ValidationAccuracy { get; init; }

    /// <summary>Learning rate of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Whether this epoch was the best so far on the validation samples.</summary>
    public required bool IsBest { get; init; }
}

/// <summary>Result of training.</summary>
/// <param name="Network">Network of the best epoch on the validation samples.</param>
/// <param name="Last">Network of the last epoch, with averaged weights if an average is configured.</param>
/// <param name="History">Results of all epochs.</param>
/// <param name="BestEpoch">Index of the best epoch, from 0.</param>
/// <param name="Steps">Total number of steps.</param>
/// <param name="IsComplete">
/// False if training was canceled. It can then be resumed from the checkpoint, if a checkpoint folder is set.
/// </param>
public sealed record TrainingResult(
    Networks.Network Network, Networks.Network Last, IReadOnlyList<EpochResult> History, int BestEpoch, long Steps,
    bool IsComplete);
