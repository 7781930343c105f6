using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Networks;
using Temper.Reinforcement.Environments;
using Temper.Training.Checkpoints;

namespace Temper.Reinforcement.Agents;

/// <summary>Options for evaluating, saving and reporting a training run.</summary>
public sealed record AgentRunOptions
{
    /// <summary>Environment steps between evaluations; 0: 1/20 of all steps.</summary>
    public long EvaluateEvery { get; init; }

    /// <summary>Episodes per evaluation.</summary>
    public int EvaluationEpisodes { get; init; } = 20;

    /// <summary>
    /// Seed of the evaluation episodes. Every evaluation uses the same episodes; they are not used for training.
    /// </summary>
    public ulong EvaluationSeed { get; init; } = 1;

    /// <summary>Training stops early when an evaluation reaches this mean return; null: never.</summary>
    public double? StopAt { get; init; }

    /// <summary>
    /// Checkpoint folder; null: no checkpoints. If the folder contains a checkpoint, training resumes from it.
    /// </summary>
    public string? Checkpoints { get; init; }

    /// <summary>Called with the environment steps done, if an unfinished training resumes from a checkpoint.</summary>
    public Action<long>? Resumed { get; init; }

    /// <summary>Called after each evaluation with the new point of the learning curve and the trainer.</summary>
    public Action<CurvePoint, AgentTrainer>? Progress { get; init; }

    /// <summary>
    /// Stops the training after the current update, or in the middle of an evaluation, and writes a checkpoint. A
    /// resumed training repeats the evaluation.
    /// </summary>
    public CancellationToken Cancel { get; init; }
}

/// <summary>A point of a learning curve.</summary>
/// <param name="Steps">Environment steps so far.</param>
/// <param name="Episodes">Training episodes that ended since the previous point.</param>
/// <param name="Trained">
/// Mean return of these training episodes, exploratory actions included; NaN if none ended.
/// </param>
/// <param name="Evaluated">Mean return of the greedy policy in the evaluation episodes.</param>
public sealed record CurvePoint(long Steps, int Episodes, double Trained, double Evaluated);

/// <summary>Result of a training run.</summary>
/// <param name="Best">The policy with the highest mean return in an evaluation.</param>
/// <param name="BestReturn">
/// Mean return of <paramref name="Best"/> in that evaluation. It is biased upward, because the maximum was selected;
/// evaluate the policy in other episodes.
/// </param>
/// <param name="Curve">All points of the learning curve.</param>
/// <param name="Steps">Environment steps completed.</param>
/// <param name="IsComplete">False if the training was interrupted.</param>
public sealed record AgentRunResult(
    Policy Best, double BestReturn, IReadOnlyList<CurvePoint> Curve, long Steps, bool IsComplete);

/// <summary>
/// Runs a training to its end: evaluates, keeps the best policy, saves checkpoints and resumes from them.
/// </summary>
public sealed class AgentRun
{
    private readonly AgentTrainer _trainer;
    private readonly Func<IEnvironment> _create;
    private readonly AgentRunOptions _options;
    private readonly long _every;
    private readonly List<CurvePoint> _curve = [];
    private Policy? _best;
    private double _bestReturn = double.NegativeInfinity, _sum;
    private int _episodes;
    private long _next;

    private AgentRun(AgentTrainer trainer, Func<IEnvironment> create, AgentRunOptions options)
    {
        (_trainer, _create, _options) = (trainer, create, options);
        _every = options.EvaluateEvery > 0 ? options.EvaluateEvery : Math.Max(1, trainer.TotalSteps / 20);
        _next = _every;
    }

    /// <summary>Trains an agent until it is complete, reaches <c>StopAt</c> or is canceled.</summary>
    /// <param name="trainer">Trainer to run; its state changes.</param>
    /// <param name="create">
    /// Creates an environment for evaluation. Each evaluation creates its own and disposes them, if they can be.
    /// </param>
    /// <param name="options">Evaluation, checkpoints and callbacks.</param>
    /// <exception cref="IOException">
    /// A checkpoint cannot be written; the previous one is intact. Or another training uses the checkpoint folder.
    /// </exception>
    public static AgentRunResult Run(AgentTrainer trainer, Func<IEnvironment> create, AgentRunOptions options)
    {
        using FileStream? reservation =
            options.Checkpoints is { } checkpoints ? CheckpointReservation.Of(checkpoints) : null;
        var run = new AgentRun(trainer, create, options);
        if (options.Checkpoints is { } folder && Training.Learner.CanLoad(folder))
        {
            run.Resume(folder);
            if (!trainer.IsComplete)
            {
                options.Resumed?.Invoke(trainer.Steps);
            }
        }

        return run.Run();
    }

    private bool HasReached => _options.StopAt is { } target && _bestReturn >= target;

    /// <summary>
    /// Whether the policy must be evaluated before the training goes on. This holds until the evaluation is complete,
    /// so that a checkpoint written after a canceled evaluation makes the resumed run repeat it.
    /// </summary>
    private bool IsDue => _trainer.Steps >= _next
        || (_trainer.IsComplete && (_curve.Count == 0 || _curve[^1].Steps < _trainer.Steps));

    private AgentRunResult Run()
    {
        while (!HasReached && (IsDue || !_trainer.IsComplete))
        {
            if (_options.Cancel.IsCancellationRequested)
            {
                Save();
                return new AgentRunResult(
                    _best ?? _trainer.Snapshot(), _bestReturn, _curve, _trainer.Steps, IsComplete: false);
            }

            if (IsDue)
            {
                Measure();
            }
            else
            {
                Update();
            }
        }

        return new AgentRunResult(_best ?? _trainer.Snapshot(), _bestReturn, _curve, _trainer.Steps, IsComplete: true);
    }

    private void Update()
    {
        _trainer.Update();
        foreach (FinishedEpisode episode in _trainer.Finished)
        {
            _sum += episode.Return;
            _episodes++;
        }
    }

    /// <summary>
    /// Evaluates the policy, adds a point to the curve and saves a checkpoint; changes nothing if it is canceled.
    /// </summary>
    private void Measure()
    {
        Policy policy = _trainer.Snapshot();
        if (Evaluate(policy) is not { } mean)
        {
            return;
        }

        var point = new CurvePoint(_trainer.Steps, _episodes, _episodes > 0 ? _sum / _episodes : double.NaN, mean);
        (_sum, _episodes, _next) = (0, 0, ((_trainer.Steps / _every) + 1) * _every);
        _curve.Add(point);
        if (mean > _bestReturn)
        {
            (_best, _bestReturn) = (policy, mean);
        }

        _options.Progress?.Invoke(point, _trainer);
        Save();
    }

    /// <summary>Returns the mean return in the evaluation episodes; null: canceled.</summary>
    private double? Evaluate(Policy policy)
    {
        var play = new PlayOptions
        {
            Episodes = _options.EvaluationEpisodes, Seed = _options.EvaluationSeed, Cancel = _options.Cancel,
        };
        try
        {
            return EpisodePlayer.Play(policy, _create, play).Average(episode => episode.Return);
        }
        catch (OperationCanceledException) when (_options.Cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    private void Save()
    {
        if (_options.Checkpoints is not { } folder)
        {
            return;
        }

        var state = new JsonObject
        {
            ["sum"] = _sum, ["episodes"] = _episodes, ["next"] = _next,
            ["best"] = double.IsFinite(_bestReturn) ? _bestReturn : null,
            ["curve"] = new JsonArray([.. _curve.Select(point => (JsonNode)new JsonArray(
                point.Steps, point.Episodes, double.IsNaN(point.Trained) ? null : point.Trained, point.Evaluated))]),
        };
        var networks = new Dictionary<string, Network>(StringComparer.Ordinal);
        if (_best is not null)
        {
            networks["best"] = PolicyFile.WithMetadata(_best);
        }

        _trainer.Save(folder, state, networks);
    }

    private void Resume(string folder)
    {
        (JsonNode? state, IReadOnlyDictionary<string, Network> networks) = _trainer.Resume(folder);
        try
        {
            (_sum, _episodes) = (state!["sum"]!.GetValue<double>(), state["episodes"]!.GetValue<int>());
            _next = state["next"]!.GetValue<long>();
            _bestReturn = state["best"]?.GetValue<double>() ?? double.NegativeInfinity;
            _curve.AddRange(state["curve"]!.AsArray().Select(row => new CurvePoint(
                row![0]!.GetValue<long>(), row[1]!.GetValue<int>(), row[2]?.GetValue<double>() ?? double.NaN,
                row[3]!.GetValue<double>())));
            _best = networks.TryGetValue("best", out Network? best) ? PolicyFile.FromNetwork(best, folder) : null;
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException(
                folder, $"checkpoint: the saved state of the run is not valid ({e.Message})", e);
        }
    }
}
