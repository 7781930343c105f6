using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// Computes the gradients of a batch, summed over all ranks, and adds its loss and its correct predictions to the
/// progress of the epoch.
/// </summary>
internal sealed class BatchGradients
{
    private readonly Learner _learner;
    private readonly TrainingProgress _progress;
    private readonly TrainingOptions _options;
    private readonly TrainingRanks _ranks;
    private readonly Objective _objective;
    private readonly RandomStream _objectiveStream;
    private readonly RandomStream _dropout;
    private readonly Func<Network, Pass, Tensor> _loss;

    /// <summary>
    /// Current batch, its number of samples on all ranks, and its number of correct predictions (-1: not counted).
    /// </summary>
    private Batch? _batch;
    private int _samples;
    private int _correct = -1;

    /// <summary>
    /// Rows of the prepared batch on all ranks; more than samples if the objective adds rows, such as perturbed samples
    /// beside the clean ones. Not known to a rank that reads no samples, whose loss does not count.
    /// </summary>
    private int _rows;

    internal BatchGradients(Learner learner, TrainingProgress progress, TrainingOptions options)
    {
        (_learner, _progress, _options, _ranks) = (learner, progress, options, options.Ranks);
        _objective = options.Objective ?? new SupervisedObjective(options.Loss);
        RandomStream root = RandomStream.FromSeed(options.Seed);
        (_objectiveStream, _dropout) = (root.Split("objective"), root.Split("dropout"));
        _loss = Loss;                               // one delegate for all steps
    }

    /// <summary>Returns the gradients of a batch.</summary>
    /// <param name="batch">The samples that this rank reads.</param>
    /// <param name="samples">Number of samples of the batch on all ranks.</param>
    /// <param name="isCanceled">Whether this rank was canceled.</param>
    /// <param name="isAnyCanceled">Whether any rank was canceled.</param>
    internal Gradients Of(Batch batch, int samples, bool isCanceled, out bool isAnyCanceled)
    {
        // Tensors computed by an attack or a teacher are returned to the pool after this step, so that loops over large
        // tensors create no garbage.
        using TensorScope? memory = _options.Objective is null ? null : new TensorScope();
        _samples = samples;
        Batch prepared = Prepared(batch);
        int loaded = batch.Targets.Shape[0];
        _rows = loaded == 0 ? samples : (int)((long)samples * prepared.Targets.Shape[0] / loaded);
        _batch = _ranks.Share(prepared, _rows);
        var request =
            new GradientRequest { Stream = _ranks.StreamOf(_dropout.Split(_progress.Epoch).Split(batch.Index)) };
        Gradients gradients;
        using (Measure("forward and backward"))
        {
            gradients = _learner.Gradients(_loss, _ranks.Request(request));
        }

        using (Measure("wait for gradients"))
        {
            _ranks.Reduce(gradients);
        }

        using (Measure("sum of losses"))
        {
            isAnyCanceled = Count(gradients, isCanceled);
        }

        return gradients;
    }

    /// <summary>Lets the objective change the batch, for example by an attack.</summary>
    private Batch Prepared(Batch batch) => _options.Objective is null
        ? batch
        : _objective.Prepare(
            _learner.Network, batch, _ranks.StreamOf(_objectiveStream.Split(_progress.Epoch).Split(batch.Index)));

    private Tensor Loss(Network network, Pass pass)
    {
        ObjectiveValue value = _objective.Value(network, pass, _batch!);
        _correct = value.Output is null ? -1 : _options.Loss.CountCorrect(value.Output, _batch!.Targets);

        // The mean over all ranks' rows is the sum of each rank's mean times its fraction of the rows.
        int own = _batch!.Targets.Shape[0];
        return own == _rows ? value.Loss
            : own == 0 && value.Output is { } nothing ? nothing.Sum()
            : value.Loss * ((float)own / _rows);
    }

    /// <summary>
    /// Counts the samples of all ranks' batches, and replaces the gradients' loss by the loss over all ranks. The same
    /// message tells whether a rank was canceled, which is returned.
    /// </summary>
    private bool Count(Gradients gradients, bool isCanceled)
    {
        // The rows are summed, because a rank that reads no samples cannot tell how many the others have prepared.
        int counted = _correct >= 0 ? _batch!.Targets.Shape[0] : 0;
        Span<double> sums = [gradients.Loss, Math.Max(_correct, 0), isCanceled ? 1 : 0, counted];
        _ranks.Sum(sums);
        gradients.Loss = (float)sums[0];
        _progress.LossSum += sums[0] * _samples;
        _progress.Samples += _samples;
        _progress.Counted += (long)sums[3];
        _progress.Correct += (long)sums[1];
        return sums[2] > 0;
    }

    private StepTimeline.Span Measure(string name) => _options.Timeline?.Begin(name) ?? default;
}
