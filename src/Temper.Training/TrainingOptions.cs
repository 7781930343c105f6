using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Data.Augmentation;
using Temper.Optimization;

namespace Temper.Training;

/// <summary>
/// How a network is trained. A method plugs in as an objective, a regularizer, a mask on the network, an edit between
/// epochs or a callback.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>
    /// Seed of sample order, augmentation and dropout. The same seed gives the same bytes for any number of threads.
    /// </summary>
    public required ulong Seed { get; init; }

    /// <summary>Passes over the training data; one or more.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Samples per batch; one or more.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Gradient accumulation: batches whose gradients are averaged into one step; one or more.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>The optimizer.</summary>
    public Optimizer Optimizer { get; init; } = new Adam();

    /// <summary>The learning-rate schedule.</summary>
    public LearningRateSchedule Schedule { get; init; } = new ConstantSchedule();

    /// <summary>The loss to minimize, on validation samples too.</summary>
    public TrainingLoss Loss { get; init; } = new CrossEntropyLoss();

    /// <summary>The training objective, for example adversarial training or distillation; null = <see cref="Loss"/> of
    /// the batch as it is.</summary>
    public Objective? Objective { get; init; }

    /// <summary>Regularizers: each adds its value and gradient.</summary>
    public IReadOnlyList<IRegularizer> Regularizers { get; init; } = [];

    /// <summary>Parameter groups with their own learning rate or weight decay, or frozen.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; init; } = [];

    /// <summary>Gradient clipping; null = off.</summary>
    public GradientClipping? Clipping { get; init; }

    /// <summary>Exponential moving average of the weights, which is validated and returned; null = off.</summary>
    public WeightAverage? Average { get; init; }

    /// <summary>Early stopping; null = off.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>Augmentation of training samples.</summary>
    public IReadOnlyList<SampleTransform> Transforms { get; init; } = [];

    /// <summary>Edits of the network between epochs.</summary>
    public IReadOnlyList<IEpochEdit> Edits { get; init; } = [];

    /// <summary>Callbacks that are told of steps and epochs.</summary>
    public IReadOnlyList<ITrainingCallback> Callbacks { get; init; } = [];

    /// <summary>
    /// The ranks that share the run; decides no bytes of a checkpoint but those that rounding decides, so a run may
    /// resume on another number of them.
    /// </summary>
    public TrainingRanks Ranks { get; init; } = TrainingRanks.One;

    /// <summary>Records the time spent in each step; null = off. Does not change results.</summary>
    public StepTimeline? Timeline { get; init; }

    /// <summary>Folder of the checkpoints, written after each epoch and on cancellation; null = none.</summary>
    public string? CheckpointFolder { get; init; }

    /// <summary>The part that makes steps of gradients.</summary>
    internal LearnerOptions ForLearner() => new()
    {
        Optimizer = Optimizer, Regularizers = Regularizers, Groups = Groups, Clipping = Clipping, Average = Average,
        Seed = Seed,
    };

    /// <summary>
    /// What decides the bytes of a run beside the learner's options. Where checkpoints lie and who is told does not;
    /// nor does the number of epochs, unless the schedule depends on it: such a run may go on for more.
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
        Optimizer.Validate();
        Schedule.Validate();
        Clipping?.Validate();
        Average?.Validate();
        EarlyStopping?.Validated();
        if (Edits.GroupBy(edit => edit.Name, StringComparer.Ordinal).FirstOrDefault(
            group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"TrainingOptions.Edits: two edits have one name (got '{twice.Key}' twice), "
                + "under which their state is saved; rename one");
        }

        return this;
    }
}

/// <summary>
/// Watches training. Called on the training thread; what it does must not depend on time if runs are to be repeatable.
/// </summary>
public interface ITrainingCallback
{
    /// <summary>
    /// After each batch; with <see cref="TrainingOptions.Accumulation"/> several of them make a step.
    /// </summary>
    /// <param name="progress">Where training stands.</param>
    void OnStep(StepProgress progress);

    /// <summary>
    /// After each epoch, its validation included, and before its checkpoint: a run that is killed between the two tells
    /// again.
    /// </summary>
    /// <param name="epoch">What came of it.</param>
    void OnEpoch(EpochResult epoch);
}

/// <summary>Where training stands after a batch.</summary>
/// <param name="Epoch">Number of the epoch, from 0.</param>
/// <param name="Batch">Number of the batch in its epoch, from 0.</param>
/// <param name="Batches">Batches an epoch.</param>
/// <param name="Step">Steps since the beginning.</param>
/// <param name="Loss">Mean loss of the epoch so far, regularizers not included.</param>
public readonly record struct StepProgress(int Epoch, int Batch, int Batches, long Step, double Loss);

/// <summary>Results of an epoch.</summary>
public sealed record EpochResult
{
    /// <summary>Number of the epoch, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>Mean training loss, regularizers not included.</summary>
    public required double TrainLoss { get; init; }

    /// <summary>Training accuracy, 0 to 1, measured while the weights change; NaN if the loss is not a
    /// classification.</summary>
    public required double TrainAccuracy { get; init; }

    /// <summary>Sum of the regularizers' values at the last step.</summary>
    public required double Regularization { get; init; }

    /// <summary>Mean validation loss.</summary>
    public required double ValidationLoss { get; init; }

    /// <summary>Validation accuracy, 0 to 1; NaN if the loss is not a classification.</summary>
    public required double ValidationAccuracy { get; init; }

    /// <summary>The learning rate of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Whether this is the best epoch so far, on the validation samples.</summary>
    public required bool IsBest { get; init; }
}

/// <summary>Result of training.</summary>
/// <param name="Network">The network of the best epoch on the validation samples.</param>
/// <param name="Last">The network of the last epoch, with averaged weights where there is an average.</param>
/// <param name="History">All epochs.</param>
/// <param name="BestEpoch">Number of the best epoch, from 0.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="IsComplete">
/// False when it was canceled; then a checkpoint, if there is a folder for it, lets it go on.
/// </param>
public sealed record TrainingResult(
    Networks.Network Network, Networks.Network Last, IReadOnlyList<EpochResult> History, int BestEpoch, long Steps,
    bool IsComplete);
