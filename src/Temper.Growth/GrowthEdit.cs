using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Growth.Blocks;
using Temper.Growth.Initializers;
using Temper.Growth.Limits;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;
using Temper.Wording;

namespace Temper.Growth;

/// <summary>
/// The growth loop: steps 1 to 3 of the method in docs/autogrow.md, run as an edit between epochs. Every K epochs it
/// checks for a gain, stops the stage that grew without one, and appends a block to the next stage. Training ends when
/// no stage can grow.
/// </summary>
internal sealed class GrowthEdit : IEpochEdit
{
    internal const string Stage = "grow";
    private const string GainName = "gain";

    private readonly GrowableNetwork _seed;
    private readonly GrowthOptions _options;
    private readonly TrainingOptions _training;
    private readonly IMethodRun _run;
    private readonly RandomStream _stream;
    private readonly List<GrowthPoint> _measured = [];
    private GrowthState _state;
    private GrowableNetwork? _gain;
    private Network? _restoredGain;
    private int _restoredSteps;
    private long _lap;

    internal GrowthEdit(GrowableNetwork seed, GrowthOptions options, TrainingOptions training, IMethodRun run)
    {
        (_seed, _options, _training, _run) = (seed, options, training, run);
        _stream = RandomStream.FromSeed(training.Seed).Split("growth");
        _state = Begin();
        _lap = run.Time.GetTimestamp();
    }

    public string Name => "growth";

    public bool EndsTraining => _state.HasEnded;

    /// <summary>Called with the record so far at the end of each interval.</summary>
    internal Action<GrowthRecord>? Report { get; init; }

    internal GrowthState State => _state;

    /// <summary>Best held-out accuracy of growth so far, 0 to 1; null before the first epoch.</summary>
    internal double? Best => _state.Track.Best.Count > 0 ? _state.Track.Best[^1] : null;

    /// <summary>The network at the last gain; null if there was none.</summary>
    internal GrowableNetwork? Gain => _gain;

    public void AfterEpoch(Learner learner, EpochResult epoch)
    {
        // Step 1: train K epochs and record the running maximum of the held-out accuracy after each.
        GrowthTrack track = _state.Track;
        AddTime(learner.Network.Cost());
        track.AddEpoch(epoch.ValidationAccuracy);
        _state.IntervalBest = Math.Max(_state.IntervalBest, epoch.ValidationAccuracy);
        bool isEnd = track.Since >= _options.Interval;
        GrowableNetwork now = _seed.Restored(learner.Network, _state.Stages);
        KeepGain(now, learner, isEnd);
        if (!isEnd)
        {
            return;
        }

        // Step 2: if the last J epochs brought no gain, the stage that grew last stops growing.
        AddPoint(now);
        int stopped = track.EndInterval(_options.Stopping.HasGained(track));
        if (stopped >= 0)
        {
            Note(GrowthEvents.Stop, stopped, now, Best);
        }

        // Step 3: append a block to the next stage that can grow, and continue with step 1; if none can, growth ends.
        _state.HasEnded = !TryGrow(now, learner, epoch);
        Report?.Invoke(Record());
    }

    public JsonNode? Save() => _state.ToJson();

    public void Restore(JsonNode? state)
    {
        _state = state is null ? Begin() : GrowthState.Read(state, _seed.Stages.Count);
        _restoredSteps = state is null ? 0 : _state.Path.Count;
        _gain =
            _state.GainStages is { } stages && _restoredGain is { } network ? _seed.Restored(network, stages) : null;
        _lap = _run.Time.GetTimestamp();
    }

    public IReadOnlyDictionary<string, Network> SaveNetworks() =>
        _gain is null ? [] : new Dictionary<string, Network>(StringComparer.Ordinal) { [GainName] = _gain.Network };

    public void RestoreNetworks(IReadOnlyDictionary<string, Network> networks) =>
        _restoredGain = networks.GetValueOrDefault(GainName);

    public JsonNode Fingerprint() => _options.Fingerprint();

    internal GrowthRecord Record() => new()
    {
        Stages = [.. _seed.Stages.Select(stage => stage.Name)], Path = [.. _state.Path], Points = [.. _state.Points],
        Measured = [.. _measured], RestoredSteps = _restoredSteps, Seconds = _state.Seconds,
    };

    /// <summary>
    /// Returns the inference time of a network in milliseconds per sample. It is measured once and recorded; a resumed
    /// run uses the recorded value.
    /// </summary>
    internal static double Milliseconds(GrowableNetwork network, IMethodRun run) =>
        run.Measure(Stage, $"milliseconds of {network}", () => GrowthLimits.Measure(network.Network));

    /// <summary>
    /// Adds the time since the last epoch of growth, mainly that of roll-back, which no epoch includes. The checkpoints
    /// of the trainings that follow keep it, see <see cref="TrainingClock"/>.
    /// </summary>
    internal void CountSinceLastEpoch() => _state.Seconds += _run.Time.GetElapsedTime(_lap).TotalSeconds;

    /// <summary>Adds an entry to the record; its accuracy is described at <see cref="GrowthStep"/>.</summary>
    internal void Note(string what, int stage, GrowableNetwork network, double? accuracy, string? reason = null)
    {
        NetworkCost cost = network.Network.Cost();
        _state.Path.Add(new GrowthStep(
            what, stage, network.Depths, _state.Track.Best.Count, accuracy, cost.Parameters, cost.Macs, _state.Seconds,
            reason));
    }

    /// <summary>
    /// Adds a network that was measured after growth. A resumed run measures these networks again, so the checkpoint
    /// need not have them.
    /// </summary>
    internal void AddMeasured(GrowableNetwork network, double accuracy) => _measured.Add(PointOf(network, accuracy));

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
        Note(GrowthEvents.Seed, -1, _seed, accuracy: null);
        return state;
    }

    private void AddTime(NetworkCost cost)
    {
        double seconds = _run.Time.GetElapsedTime(_lap).TotalSeconds;
        _lap = _run.Time.GetTimestamp();
        (_state.Seconds, _state.SecondsPerMac) = (_state.Seconds + seconds, seconds / Math.Max(cost.Macs, 1));
    }

    /// <summary>Keeps the network for roll-back if the newest epoch is a gain; not part of the paper.</summary>
    private void KeepGain(GrowableNetwork now, Learner learner, bool isEnd)
    {
        StoppingPolicy policy = _options.Stopping;
        if (policy.ComparesAnswers && !isEnd)
        {
            return;
        }

        bool[]? answers = policy.ComparesAnswers
            ? [.. Evaluator.Evaluate(learner.Network, _run.Validation).IsRight]
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

    /// <summary>Records the results of the interval that ends now.</summary>
    private void AddPoint(GrowableNetwork now)
    {
        _state.Points.Add(PointOf(now, _state.IntervalBest));
        _state.IntervalBest = 0;
    }

    private GrowthPoint PointOf(GrowableNetwork network, double accuracy)
    {
        NetworkCost cost = network.Network.Cost();
        return new GrowthPoint(
            network.Depths, _state.Track.Best.Count, accuracy, cost.Parameters, cost.Macs, _state.Seconds);
    }

    /// <summary>Appends a block to the next stage that can grow; returns false if there is none.</summary>
    private bool TryGrow(GrowableNetwork now, Learner learner, EpochResult epoch)
    {
        GrowthTrack track = _state.Track;
        RandomStream stream = _stream.Split(track.Growths);
        while (track.Live.Count > 0)
        {
            int stage = NextStage(stream.Split("stage"));
            GrowableNetwork grown = now.Append(stage, stream.Split("block"));
            if (TimeProblem(now, grown, stage) is { } time)
            {
                track.StopAll();
                Note(GrowthEvents.Limit, -1, now, Best, time);
                return false;
            }

            if (Problem(now, grown, stage) is { } reason)
            {
                track.Stop(stage);
                Note(GrowthEvents.Limit, stage, now, Best, reason);
                continue;
            }

            GrowthBlock before = now.Stages[stage].Blocks[^1], added = grown.Stages[stage].Blocks[^1];
            BlockInitializer initializer = InitializerFor(_options, grown, stage);
            grown = grown.With(initializer.Initialize(grown.Network, added, new InitializerSetting
            {
                Before = before, Train = _run.Train, Validation = _run.Validation, Training = _training,
                TrainAccuracy = epoch.TrainAccuracy,
                Stream = stream.Split("initializer"),
            }));
            learner.Edit(_ => grown.Network);
            _state.Stages = grown.States();
            track.Grew(stage);
            Note(GrowthEvents.Grow, stage, grown, Best);
            return true;
        }

        return false;
    }

    /// <summary>Asks the policy for the next stage.</summary>
    /// <exception cref="InvalidOperationException">The policy chose a stage that cannot grow.</exception>
    private int NextStage(RandomStream stream)
    {
        IReadOnlyList<int> live = _state.Track.Live;
        int stage = _options.Growing.Next(_state.Track, stream);

        // A policy that insists on a stage at its limit would be asked forever.
        return live.Contains(stage)
            ? stage
            : throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"growth: {_options.Growing.GetType().Name} chose a stage that cannot grow (got {stage}, expected one "
                + $"of {string.Join(", ", live)}); its Next must return one of GrowthTrack.Live"));
    }

    /// <summary>
    /// Returns the initializer of a new block. Values drawn with deviation 1 suit the scale of a normalization; as
    /// weights of a layer they would drown the shortcut.
    /// </summary>
    internal static BlockInitializer InitializerFor(GrowthOptions options, GrowableNetwork grown, int stage) =>
        options.Initializer ?? (!grown.Stages[stage].IsResidual ? new DefaultInit()
            : grown.Stages[stage].Blocks[^1].LastNorm(grown.Network) is null ? new ZeroInit() : new GauInit());

    /// <summary>Returns the reason why a stage cannot grow; null if it can.</summary>
    private string? Problem(GrowableNetwork now, GrowableNetwork grown, int stage)
    {
        if (now.Depths[stage] >= _options.MaxBlocks)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{now.Depths[stage]} blocks, at most {_options.MaxBlocks} are allowed");
        }

        if (_options.Limits.Exceeded(grown.Network, _training.BatchSize) is { } exceeded)
        {
            return $"{grown} would have {exceeded}";
        }

        if (_options.Limits.Milliseconds is not { } max)
        {
            return null;
        }

        double milliseconds = Milliseconds(grown, _run);
        return milliseconds > max
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{grown} takes {milliseconds:G3} ms per sample, at most {max:G3} are allowed")
            : null;
    }

    /// <summary>
    /// Returns a reason if the time limit leaves too little time for another interval and the final training of the
    /// grown network; otherwise null.
    /// </summary>
    private string? TimeProblem(GrowableNetwork now, GrowableNetwork grown, int stage)
    {
        if (_options.Limits.Time is not { } limit)
        {
            return null;
        }

        double epoch = _state.SecondsPerMac * grown.Network.Cost().Macs;
        int added = grown.Depths.Sum() - _seed.Depths.Sum(),
            epochs = _options.Interval + _options.MaxRepairEpochs(added) + _options.FinishEpochs;
        double needed = _state.Seconds + (epochs * epoch);

        // The name contains the stage, because each candidate of a growth needs a decision of its own.
        string name = string.Create(
            CultureInfo.InvariantCulture, $"growth {_state.Track.Growths + 1} of {now.Stages[stage].Name} in time");
        return _run.Decide(Stage, name, () => needed <= limit.TotalSeconds)
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"time: another growth after {now} and {Plural.Of(_options.FinishEpochs, "epoch")} of final training "
                    + $"would not fit");
    }
}
