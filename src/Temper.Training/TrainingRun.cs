using System.Collections.ObjectModel;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Evaluation;

namespace Temper.Training;

/// <summary>One run of the trainer: runs epochs with a learner.</summary>
internal sealed class TrainingRun
{
    private const string BestName = "best";

    private readonly Learner _learner;
    private readonly TrainingProgress _progress;
    private readonly Dataset _validation;
    private readonly TrainingOptions _options;
    private readonly SortedDictionary<string, string> _identity;
    private readonly Objective _objective;
    private readonly TrainingRanks _ranks;
    private readonly DataLoader _loader;
    private readonly RandomStream _root;
    private readonly RandomStream _dropout;
    private readonly Func<Network, Pass, Tensor> _loss;
    private readonly GradientAccumulator _accumulator;
    private Network? _best;

    /// <summary>
    /// Current batch, its number of samples on all ranks, and its number of correct predictions (-1: not counted).
    /// </summary>
    private Batch? _batch;
    private int _samples;
    private int _correct = -1;

    /// <summary>Whether a rank was canceled before the last step, so that all stop before the next.</summary>
    private bool _mustStop;

    private TrainingRun(
        Learner learner, TrainingProgress progress, RunInputs inputs, IReadOnlyDictionary<string, Network> networks)
    {
        (_learner, _progress, _options, _validation) = (learner, progress, inputs.Options, inputs.Validation);
        _identity = inputs.Identity();
        _objective = _options.Objective ?? new SupervisedObjective(_options.Loss);
        _ranks = _options.Ranks;
        _root = RandomStream.FromSeed(_options.Seed);
        _dropout = _root.Split("dropout");
        var loading = new DataLoaderOptions
        {
            BatchSize = _options.BatchSize, Shuffles = true, Transforms = _options.Transforms, Part = _ranks.LoadedPart,
        };
        _loader = new DataLoader(inputs.Train, loading, _root.Split("data"));
        _loss = Loss;
        _accumulator = new GradientAccumulator(_options.Accumulation);
        _best = networks.GetValueOrDefault(BestName);
        foreach (IEpochEdit edit in _options.Edits)
        {
            string prefix = PrefixOf(edit);
            edit.RestoreNetworks(networks.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal))
                .ToDictionary(entry => entry.Key[prefix.Length..], entry => entry.Value, StringComparer.Ordinal));
            edit.Restore(progress.Edits.GetValueOrDefault(edit.Name));
        }

        _ranks.Begin(learner, _options);
    }

    internal static TrainingRun Begin(RunInputs inputs) =>
        new(new Learner(
            inputs.Network,
            inputs.Options.ForLearner()), new TrainingProgress(), inputs, ReadOnlyDictionary<string, Network>.Empty);

    internal static TrainingRun Resume(RunInputs inputs)
    {
        string folder = inputs.Options.CheckpointFolder
            ?? throw new ArgumentException(
                "Trainer.Resume: the options have no checkpoint folder; set CheckpointFolder to that of the run");
        Learner learner = Learner.Load(folder, inputs.Options.ForLearner(), inputs.Identity(), out MethodState method);
        TrainingProgress progress = TrainingProgress.Read(method.Json, folder);
        if (progress.Epoch > inputs.Options.Epochs)
        {
            learner.Dispose();
            throw new ArgumentException(
                $"Trainer.Resume: Epochs is less than the run has already completed (got {inputs.Options.Epochs}, "
                + $"expected {progress.Epoch} or more); raise Epochs or start a new run");
        }

        return new TrainingRun(learner, progress, inputs, method.Networks);
    }

    /// <summary>Runs the remaining epochs.</summary>
    internal TrainingResult Run(CancellationToken cancel)
    {
        try
        {
            while (_progress.Epoch < _options.Epochs
                && !EpochChoice.ShouldStop(_progress.History, _options.EarlyStopping)
                && !_options.Edits.Any(edit => edit.EndsTraining))
            {
                if (!RunEpoch(cancel))
                {
                    return Result(isComplete: false);
                }

                EndEpoch();
            }

            return Result(isComplete: true);
        }
        finally
        {
            _accumulator.Clear();                   // if a step failed between two accumulated batches
            _learner.Dispose();
        }
    }

    /// <summary>
    /// Runs the rest of the epoch. Returns false if it was canceled; the position is then saved in a checkpoint.
    /// </summary>
    private bool RunEpoch(CancellationToken cancel)
    {
        int batches = _loader.BatchCount;
        using IEnumerator<Batch> loaded = _loader.Epoch(_progress.Epoch, _progress.Batch).GetEnumerator();
        _mustStop = _ranks.Any(cancel.IsCancellationRequested);
        while (Next(loaded) is { } batch)
        {
            // Stop between steps only: partly accumulated gradients are not saved in a checkpoint.
            if (batch.Index % _options.Accumulation == 0 && MustStop(cancel))
            {
                _learner.RequireFiniteNetwork();
                Save(_ranks.Whole(_learner));
                return false;
            }

            Step(batch, isLast: batch.Index == batches - 1, cancel.IsCancellationRequested);
            _progress.Batch = batch.Index + 1;
            var progress = new StepProgress(
                _progress.Epoch, batch.Index, batches, _learner.Steps, _progress.LossSum / _progress.Samples);
            foreach (ITrainingCallback callback in _options.Callbacks)
            {
                callback.OnStep(progress);
            }
        }

        return true;
    }

    /// <summary>Whether to stop before this step. A single rank stops without the round trip through a step.</summary>
    private bool MustStop(CancellationToken cancel) =>
        _mustStop || (_ranks.Part.Count == 1 && cancel.IsCancellationRequested);

    /// <summary>Returns the next batch, which another thread prepares; null after the last one.</summary>
    private Batch? Next(IEnumerator<Batch> batches)
    {
        using (Measure("wait for batch"))
        {
            return batches.MoveNext() ? batches.Current : null;
        }
    }

    private void Step(Batch batch, bool isLast, bool isCanceled)
    {
        Gradients gradients = GradientsOf(batch, isCanceled);
        if (_accumulator.Add(gradients, (float)_samples / _options.BatchSize, isLast) is not { } whole)
        {
            return;
        }

        // The schedule uses the position of the first of the accumulated batches.
        int first = batch.Index - (batch.Index % _options.Accumulation);
        double epoch = _progress.Epoch + ((double)first * _options.BatchSize / _loader.SampleCount);
        using (whole)
        using (Measure("optimizer"))
        {
            LearnerStep step = _learner.Apply(whole, (float)_options.Schedule.Factor(epoch, _options.Epochs));
            (_progress.Terms, _progress.LearningRate) = (step.Regularization, step.LearningRate);
        }
    }

    private Gradients GradientsOf(Batch batch, bool isCanceled)
    {
        // Tensors computed by an attack or a teacher are returned to the pool after this step, so that loops over large
        // tensors create no garbage.
        using TensorScope? memory = _options.Objective is null ? null : new TensorScope();
        _batch = _options.Objective is null
            ? batch
            : _objective.Prepare(_learner.Network, batch, _ranks.StreamOf(
                _root.Split("objective").Split(_progress.Epoch).Split(batch.Index)));
        _samples = _loader.SamplesOf(batch.Index);
        _batch = _ranks.Share(_batch, _samples);
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
            Count(gradients, isCanceled);
        }

        return gradients;
    }

    private StepTimeline.Span Measure(string name) => _options.Timeline?.Begin(name) ?? default;

    private Tensor Loss(Network network, Pass pass)
    {
        ObjectiveValue value = _objective.Value(network, pass, _batch!);
        _correct = value.Output is null ? -1 : _options.Loss.CountCorrect(value.Output, _batch!.Targets);

        // The mean over all ranks' samples is the sum of each rank's mean times its fraction of the samples.
        int own = _batch!.Targets.Shape[0];
        return own == _samples ? value.Loss
            : own == 0 && value.Output is { } nothing ? nothing.Sum()
            : value.Loss * ((float)own / _samples);
    }

    /// <summary>
    /// Counts the samples of all ranks' batches, and replaces the gradients' loss by the loss over all ranks. The same
    /// message tells whether a rank was canceled.
    /// </summary>
    private void Count(Gradients gradients, bool isCanceled)
    {
        Span<double> sums = [gradients.Loss, Math.Max(_correct, 0), isCanceled ? 1 : 0];
        _ranks.Sum(sums);
        _mustStop = sums[2] > 0;
        gradients.Loss = (float)sums[0];
        _progress.LossSum += sums[0] * _samples;
        _progress.Samples += _samples;
        _progress.Counted += _correct >= 0 ? _samples : 0;
        _progress.Correct += (long)sums[1];
    }

    private void EndEpoch()
    {
        _learner.RequireFiniteNetwork();
        Learner whole = _ranks.Whole(_learner);
        Network judged = _options.Average is null ? whole.Network : whole.AverageSnapshot();
        EvaluationResult found = Evaluator.Evaluate(judged, _validation, _options.Loss, _ranks);
        var result = new EpochResult
        {
            Epoch = _progress.Epoch,
            TrainLoss = _progress.LossSum / _progress.Samples,
            TrainAccuracy = _options.Loss.IsClassification && _progress.Counted > 0
                ? (double)_progress.Correct / _progress.Counted
                : double.NaN,
            Regularization = _progress.Terms,
            ValidationLoss = found.Loss,
            ValidationAccuracy = found.Accuracy,
            LearningRate = _progress.LearningRate,
            IsBest = false,
        };
        if (_progress.BestEpoch < 0 || EpochChoice.IsBetter(result, _progress.History[_progress.BestEpoch]))
        {
            result = result with { IsBest = true };
            _progress.BestEpoch = _progress.Epoch;
            KeepBest(judged);
        }

        _progress.History.Add(result);
        _progress.Epoch++;
        _progress.BeginEpoch();

        // Callbacks run before saving: a run killed in between reports this epoch twice rather than never.
        foreach (ITrainingCallback callback in _options.Callbacks)
        {
            callback.OnEpoch(result);
        }

        if (_options.Edits.Count > 0)
        {
            _ranks.Edit(_learner, whole, learner => Edit(learner, result));
        }

        Save(whole);
    }

    private void Edit(Learner learner, EpochResult result)
    {
        foreach (IEpochEdit edit in _options.Edits)
        {
            edit.AfterEpoch(learner, result);
            _progress.Edits[edit.Name] = edit.Save();
        }
    }

    /// <summary>
    /// Keeps the epoch's network. Reuses the memory of the previous best network if the graph has not changed.
    /// </summary>
    private void KeepBest(Network judged)
    {
        if (!ReferenceEquals(judged, _learner.Network))
        {
            _best = judged;                         // averaged weights: already a copy
        }
        else if (_best is null || !_best.TryCopyFrom(judged))
        {
            _best = _learner.Snapshot();
        }
    }

    /// <param name="whole">The learner with the parameters of all ranks.</param>
    private void Save(Learner whole)
    {
        if (_options.CheckpointFolder is { } folder && _ranks.Part.Index == 0)
        {
            Dictionary<string, Network> networks = _options.Edits
                .SelectMany(edit =>
                    edit.SaveNetworks().Select(entry => KeyValuePair.Create(PrefixOf(edit) + entry.Key, entry.Value)))
                .ToDictionary(StringComparer.Ordinal);
            if (_best is not null)
            {
                networks.Add(BestName, _best);
            }

            whole.Save(folder, _identity, new MethodState { Json = _progress.ToJson(), Networks = networks });
        }
    }

    /// <summary>
    /// Prefix of the names of an edit's networks, so that they do not collide with those of other edits.
    /// </summary>
    private static string PrefixOf(IEpochEdit edit) => $"{edit.Name}-";

    private TrainingResult Result(bool isComplete)
    {
        // If the last epoch of a complete run is the best, both networks are the same.
        bool isBest =
            isComplete && _best is not null && _progress.BestEpoch == _progress.Epoch - 1 && _options.Edits.Count == 0;
        Network last = isBest ? _best! : _ranks.Whole(_learner).AverageSnapshot();
        return new TrainingResult(
            _best ?? last, last, _progress.History, Math.Max(_progress.BestEpoch, 0), _learner.Steps, isComplete);
    }
}
