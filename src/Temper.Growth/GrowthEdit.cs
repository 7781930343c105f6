using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Growth.Blocks;
using Temper.Growth.Initializers;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Growth;

/// <summary>
/// The growth loop, run as an edit between epochs. Every K epochs it checks for a gain, stops the stage that grew
/// without one, and appends a block to the next stage. Training ends when no stage can grow.
/// </summary>
internal sealed class GrowthEdit : IEpochEdit
{
    internal const string Stage = "grow";
    private const string GainName = "gain";

    private readonly GrowableNetwork _seed;
    private readonly GrowthOptions _options;
    private readonly TrainingOptions _training;
    private readonly IGrowthRun _stages;
    private readonly RandomStream _stream;
    private GrowthState _state;
    private GrowableNetwork? _gain;
    private Network? _restoredGain;
    private long _lap;

    internal GrowthEdit(GrowableNetwork seed, GrowthOptions options, TrainingOptions training, IGrowthRun stages)
    {
        (_seed, _options, _training, _stages) = (seed, options, training, stages);
        _stream = RandomStream.FromSeed(training.Seed).Split("growth");
        _state = Begin();
        _lap = stages.Time.GetTimestamp();
    }

    public string Name => "growth";

    public bool EndsTraining => _state.HasEnded;

    internal GrowthState State => _state;

    /// <summary>The network at the last gain; null if there was none.</summary>
    internal GrowableNetwork? Gain => _gain;

    public void AfterEpoch(Learner learner, EpochResult epoch)
    {
        NetworkCost cost = learner.Network.Cost();
        double seconds = _stages.Time.GetElapsedTime(_lap).TotalSeconds;
        _lap = _stages.Time.GetTimestamp();
        (_state.Seconds, _state.SecondsPerMac) = (_state.Seconds + seconds, seconds / Math.Max(cost.Macs, 1));
        _state.Track.AddEpoch(epoch.ValidationAccuracy);
        _state.IntervalBest = Math.Max(_state.IntervalBest, epoch.ValidationAccuracy);
        bool isEnd = _state.Track.Since >= _options.Interval;
        GrowableNetwork now = _seed.Restored(learner.Network, _state.Stages);
        NoteGain(now, learner, isEnd);
        if (isEnd)
        {
            EndInterval(now, learner, epoch);
            _stages.Report(Record());
        }
    }

    public JsonNode? Save() => _state.ToJson();

    public void Restore(JsonNode? state)
    {
        _state = state is null ? Begin() : GrowthState.Read(state, _seed.Stages.Count);
        _gain =
            _state.GainStages is { } stages && _restoredGain is { } network ? _seed.Restored(network, stages) : null;
        _lap = _stages.Time.GetTimestamp();
    }

    public IReadOnlyDictionary<string, Network> SaveNetworks() =>
        _gain is null ? [] : new Dictionary<string, Network>(StringComparer.Ordinal) { [GainName] = _gain.Network };

    public void RestoreNetworks(IReadOnlyDictionary<string, Network> networks) =>
        _restoredGain = networks.GetValueOrDefault(GainName);

    public JsonNode Fingerprint() => _options.Fingerprint();

    internal GrowthRecord Record() => new()
    {
        Stages = [.. _seed.Stages.Select(stage => stage.Name)], Path = [.. _state.Path], Points = [.. _state.Points],
        Seconds = _state.Seconds,
    };

    /// <summary>
    /// Returns the inference time of a network in milliseconds per sample. It is measured once and recorded; a resumed
    /// run uses the recorded value.
    /// </summary>
    internal static double Milliseconds(GrowableNetwork network, IGrowthRun stages) => double.Parse(
        stages.Choose(Stage, $"milliseconds of {network}", () =>
            Limits.GrowthLimits.Measure(network.Network).ToString("R", CultureInfo.InvariantCulture)),
        CultureInfo.InvariantCulture);

    /// <summary>
    /// Adds the time since the last epoch of growth, mainly that of roll-back, which no epoch includes. The time is
    /// measured once and recorded; a resumed run uses the recorded value.
    /// </summary>
    internal void CountSinceLastEpoch()
    {
        string seconds = _stages.Choose(
            Stage, "seconds after the last epoch",
            () => _stages.Time.GetElapsedTime(_lap).TotalSeconds.ToString("R", CultureInfo.InvariantCulture));
        _state.Seconds += double.Parse(seconds, CultureInfo.InvariantCulture);
    }

    /// <summary>Adds an entry to the record.</summary>
    internal void Note(string what, int stage, GrowableNetwork network, string? reason = null)
    {
        NetworkCost cost = network.Network.Cost();
        GrowthTrack track = _state.Track;
        _state.Path.Add(new GrowthStep(
            what, stage, network.Depths, track.Best.Count, track.Best.Count > 0 ? track.Best[^1] : 0, cost.Parameters,
            cost.Macs, _state.Seconds, reason));
    }

    private GrowthState Begin()
    {
        long own = _seed.Network.Cost().Macs;
        RandomStream any = RandomStream.FromSeed(0);
        var state = new GrowthState
        {
            Track = GrowthTrack.Begin(_seed.Stages.Select(
                (_, stage) => _seed.Append(stage, any).Network.Cost().Macs - own)), Stages = _seed.States(),
        };
        _state = state;
        Note(GrowthEvents.Seed, -1, _seed);
        return state;
    }

    private void NoteGain(GrowableNetwork now, Learner learner, bool isEnd)
    {
        StoppingPolicy policy = _options.Stopping;
        if (policy.ComparesAnswers && !isEnd)
        {
            return;
        }

        bool[]? answers = policy.ComparesAnswers
            ? [.. Evaluator.Evaluate(learner.Network, _stages.Validation).IsRight]
            : null;
        PairedCounts? counts =
            answers is not null && _state.GainAnswers is { } before ? PairedCounts.Of(before, answers) : null;
        if (policy.IsGain(_state.Track, counts))
        {
            _state.Track.GainEpoch = _state.Track.Now;
            (_state.GainStages, _state.GainAnswers) = (_state.Stages, answers);
            _gain = now.With(learner.Snapshot());
        }
    }

    private void EndInterval(GrowableNetwork now, Learner learner, EpochResult epoch)
    {
        NetworkCost cost = now.Network.Cost();
        _state.Points.Add(new GrowthPoint(
            now.Depths, _state.Track.Best.Count, _state.IntervalBest, cost.Parameters, cost.Macs, _state.Seconds));
        _state.IntervalBest = 0;
        int stopped = _state.Track.EndInterval(_options.Stopping.HasGained(_state.Track));
        if (stopped >= 0)
        {
            Note(GrowthEvents.Stop, stopped, now);
        }

        _state.HasEnded = !TryGrow(now, learner, epoch);
    }

    /// <summary>Appends a block to the next stage that can grow; returns false if there is none.</summary>
    private bool TryGrow(GrowableNetwork now, Learner learner, EpochResult epoch)
    {
        GrowthTrack track = _state.Track;
        RandomStream stream = _stream.Split(track.Growths);
        while (track.Live.Count > 0)
        {
            int stage = _options.Growing.Next(track, stream.Split("stage"));
            GrowableNetwork grown = now.Append(stage, stream.Split("block"));
            if (TimeProblem(now, grown) is { } time)
            {
                track.Live.Clear();
                Note(GrowthEvents.Limit, -1, now, time);
                return false;
            }

            if (Problem(now, grown, stage) is { } reason)
            {
                track.Live.Remove(stage);
                Note(GrowthEvents.Limit, stage, now, reason);
                continue;
            }

            GrowthBlock before = now.Stages[stage].Blocks[^1], added = grown.Stages[stage].Blocks[^1];
            grown =
                grown.With(InitializerFor(grown.Stages[stage]).Initialize(grown.Network, added, new InitializerSetting
            {
                Before = before, Train = _stages.Train, Validation = _stages.Validation, Training = _training,
                TrainAccuracy = epoch.TrainAccuracy,
                Stream = stream.Split("initializer"),
            }));
            learner.Edit(_ => grown.Network);
            _state.Stages = grown.States();
            track.Grew(stage);
            Note(GrowthEvents.Grow, stage, grown);
            return true;
        }

        return false;
    }

    private BlockInitializer InitializerFor(GrowthStage stage) =>
        _options.Initializer ?? (stage.IsResidual ? new GauInit() : new DefaultInit());

    /// <summary>Returns the reason why a stage cannot grow; null if it can.</summary>
    private string? Problem(GrowableNetwork now, GrowableNetwork grown, int stage)
    {
        if (now.Depths[stage] >= _options.MaxBlocks)
        {
            return $"{now.Depths[stage]} blocks, at most {_options.MaxBlocks} are allowed";
        }

        if (_options.Limits.Exceeded(grown.Network, _training.BatchSize) is { } exceeded)
        {
            return $"{grown} would have {exceeded}";
        }

        if (_options.Limits.Milliseconds is not { } max)
        {
            return null;
        }

        double milliseconds = Milliseconds(grown, _stages);
        return milliseconds > max
            ? $"{grown} takes {milliseconds:G3} ms per sample, at most {max:G3} are allowed"
            : null;
    }

    /// <summary>
    /// Returns a reason if the time limit leaves too little time for another interval and the final training of the
    /// grown network; otherwise null.
    /// </summary>
    private string? TimeProblem(GrowableNetwork now, GrowableNetwork grown)
    {
        if (_options.Limits.Time is not { } limit)
        {
            return null;
        }

        double epoch = _state.SecondsPerMac * grown.Network.Cost().Macs;
        int added = grown.Depths.Sum() - _seed.Depths.Sum(),
            epochs = _options.Interval + _options.MaxRepairEpochs(added) + _options.FinishEpochs;
        double needed = _state.Seconds + (epochs * epoch);
        string allowed = _stages.Choose(
            Stage, $"growth {_state.Track.Growths + 1} in time", () => needed <= limit.TotalSeconds ? "yes" : "no");
        return allowed is "yes"
            ? null
            : $"time: another growth after {now} and {_options.FinishEpochs} epochs of final training would not fit";
    }
}
