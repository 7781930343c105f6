using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Networks;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>How a training is evaluated, saved and reported.</summary>
public sealed record AgentRunOptions
{
    /// <summary>Steps between evaluations; 0: a twentieth of the training.</summary>
    public long EvaluateEvery { get; init; }

    /// <summary>Episodes per evaluation.</summary>
    public int EvaluationEpisodes { get; init; } = 20;

    /// <summary>Seed of the evaluation episodes: the same ones each time, and none that was trained on.</summary>
    public ulong EvaluationSeed { get; init; } = 1;

    /// <summary>Stops early at this mean return; null = off.</summary>
    public double? StopAt { get; init; }

    /// <summary>Folder of checkpoints; null: none. Where it has one, training goes on from there.</summary>
    public string? Checkpoints { get; init; }

    /// <summary>Called with each point of the learning curve and the trainer's metrics.</summary>
    public Action<CurvePoint, AgentTrainer>? Progress { get; init; }

    /// <summary>Stops after the running update and writes a checkpoint.</summary>
    public CancellationToken Cancel { get; init; }
}

/// <summary>A point of a learning curve.</summary>
/// <param name="Steps">Steps so far.</param>
/// <param name="Episodes">Episodes that ended since the point before.</param>
/// <param name="Trained">Their mean return, random actions included; NaN where none ended.</param>
/// <param name="Evaluated">Mean return of the best actions in fresh episodes.</param>
public sealed record CurvePoint(long Steps, int Episodes, double Trained, double Evaluated);

/// <summary>Result of a training.</summary>
/// <param name="Best">The policy of the best measurement.</param>
/// <param name="BestReturn">
/// Its mean return then. Chosen as the largest, it flatters: measure the policy in other episodes.
/// </param>
/// <param name="Curve">All points.</param>
/// <param name="Steps">Steps that were done.</param>
/// <param name="IsComplete">Whether it came to its end; else it was interrupted.</param>
public sealed record AgentRunResult(
    Policy Best, double BestReturn, IReadOnlyList<CurvePoint> Curve, long Steps, bool IsComplete);

/// <summary>
/// Runs a training to its end: evaluates, keeps the best policy, saves checkpoints, and resumes from them.
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

    private AgentRun(AgentTrainer trainer, Func<IEnvironment> create, AgentRunOptions options, long steps)
    {
        (_trainer, _create, _options) = (trainer, create, options);
        _every = options.EvaluateEvery > 0 ? options.EvaluateEvery : Math.Max(1, steps / 20);
        _next = _every;
    }

    /// <summary>Trains.</summary>
    /// <param name="trainer">The method; its state changes.</param>
    /// <param name="create">Makes an environment to measure in.</param>
    /// <param name="steps">Steps of the whole training.</param>
    /// <param name="options">Evaluation, checkpoints and callbacks.</param>
    public static AgentRunResult Run(
        AgentTrainer trainer, Func<IEnvironment> create, long steps, AgentRunOptions options)
    {
        var run = new AgentRun(trainer, create, options, steps);
        if (options.Checkpoints is { } folder && Training.Learner.CanLoad(folder))
        {
            run.Resume(folder);
        }

        return run.Run();
    }

    private bool HasReached => _options.StopAt is { } target && _bestReturn >= target;

    private AgentRunResult Run()
    {
        while (!_trainer.IsComplete && !HasReached)
        {
            if (_options.Cancel.IsCancellationRequested)
            {
                Save();
                return new AgentRunResult(
                    _best ?? _trainer.Snapshot(), _bestReturn, _curve, _trainer.Steps, IsComplete: false);
            }

            _trainer.Update();
            foreach (FinishedEpisode episode in _trainer.Finished)
            {
                _sum += episode.Return;
                _episodes++;
            }

            if (_trainer.Steps >= _next || _trainer.IsComplete)
            {
                Measure();
                Save();
            }
        }

        return new AgentRunResult(_best ?? _trainer.Snapshot(), _bestReturn, _curve, _trainer.Steps, IsComplete: true);
    }

    private void Measure()
    {
        Policy policy = _trainer.Snapshot();
        double mean = EpisodePlayer.Play(
            policy, _create, new PlayOptions { Episodes = _options.EvaluationEpisodes, Seed = _options.EvaluationSeed })
            .Average(episode => episode.Return);
        var point = new CurvePoint(_trainer.Steps, _episodes, _episodes > 0 ? _sum / _episodes : double.NaN, mean);
        (_sum, _episodes, _next) = (0, 0, ((_trainer.Steps / _every) + 1) * _every);
        _curve.Add(point);
        if (mean > _bestReturn)
        {
            (_best, _bestReturn) = (policy, mean);
        }

        _options.Progress?.Invoke(point, _trainer);
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
                folder, 0, $"checkpoint: the state of the run does not fit ({e.Message})", e);
        }
    }
}
