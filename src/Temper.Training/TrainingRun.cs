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
    private readonly TrainingRanks _ranks;
    private readonly DataLoader _loader;
    private readonly BatchGradients _gradients;
    private readonly GradientAccumulator _accumulator;
    private Network? _best;

    /// <summary>Whether a rank was canceled before the last step, so that all stop before the next.</summary>
    private bool _mustStop;

    private TrainingRun(Learner learner, TrainingProgress progress, RunInputs inputs, MethodState saved)
    {
        IReadOnlyDictionary<string, Network> networks = saved.Networks;
        (_learner, _progress, _options, _validation) = (learner, progress, inputs.Options, inputs.Validation);
        _identity = inputs.Identity();
        _ranks = _options.Ranks;
        progress.ContinueOn(_ranks, _options.CheckpointFolder);
        var loading = new DataLoaderOptions
        {
            BatchSize = _options.BatchSize, Shuffles = true, Transforms = _options.Transforms, Part = _ranks.LoadedPart,
        };
        _loader = new DataLoader(inputs.Train, loading, RandomStream.FromSeed(_options.Seed).Split("data"));
        _gradients = new BatchGradients(learner, progress, _options);
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
        _ranks.RestoreOwn(learner, saved.Tensors);
    }

    internal static TrainingRun Begin(RunInputs inputs)
    {
        var learner = new Learner(inputs.Network, inputs.Options.ForLearner());
        return new TrainingRun(learner, new TrainingProgress(), inputs, MethodState.Empty);
    }

    internal static TrainingRun Resume(RunInputs inputs)
    {
        string folder = inputs.Options.CheckpointFolder
            ?? throw new ArgumentException(
                "Trainer.Resume: the options have no checkpoint folder; set CheckpointFolder to that of the run");
        Learner learner = Learner.Load(folder, inputs.Options.ForLearner(), inputs.Identity(), out MethodState method);
        TrainingProgress progress = TrainingProgress.Read(method.Json, folder);
        int begun = progress.Epoch + (progress.Batch > 0 ? 1 : 0);
        if (begun > inputs.Options.Epochs)
        {
            learner.Dispose();
            throw new ArgumentException(
                "Trainer.Resume: Epochs is less than the run has already completed or begun (got "
                + $"{inputs.Options.Epochs}, expected {begun} or more); raise Epochs or start a new run");
        }

        return new TrainingRun(learner, progress, inputs, method);
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
                RequireFiniteNetwork();
                IReadOnlyDictionary<string, Tensor> own = _ranks.SaveOwn(_learner);
                Save(_ranks.Whole(_learner), own);
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
        int samples = _loader.SamplesOf(batch.Index);
        Gradients gradients = _gradients.Of(batch, samples, isCanceled, out _mustStop);
        if (_accumulator.Add(gradients, (float)samples / _options.BatchSize, isLast) is not { } whole)
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

    /// <summary>
    /// Throws on all ranks if a value of the network is not finite on one of them: their shards and statistics differ,
    /// and a rank that left alone would let the others wait for it.
    /// </summary>
    private void RequireFiniteNetwork()
    {
        TrainingDivergedException? own = _learner.Divergence();
        if (_ranks.Any(own is not null))
        {
            throw own ?? TrainingDivergedException.OfTensor(
                _learner.Steps, "the part of another rank", _options.Optimizer.LearningRate);
        }
    }

    private StepTimeline.Span Measure(string name) => _options.Timeline?.Begin(name) ?? default;

    private void EndEpoch()
    {
        RequireFiniteNetwork();
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
            KeepBest(judged, whole);
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

        Save(whole, ReadOnlyDictionary<string, Tensor>.Empty);
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
    private void KeepBest(Network judged, Learner whole)
    {
        if (!ReferenceEquals(judged, whole.Network))
        {
            _best = judged;                         // averaged weights: already a copy
        }
        else if (_best is null || !_best.TryCopyFrom(judged))
        {
            _best = whole.Snapshot();               // an edit may change the values of either learner
        }
    }

    /// <param name="whole">The learner with the parameters of all ranks.</param>
    /// <param name="own">Values that differ between the ranks.</param>
    private void Save(Learner whole, IReadOnlyDictionary<string, Tensor> own)
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

            whole.Save(folder, _identity, new MethodState
            {
                Json = _progress.ToJson(), Tensors = own, Networks = networks,
            });
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
