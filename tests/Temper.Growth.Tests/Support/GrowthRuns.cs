using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Growth.Tests.Support;

internal sealed class KilledException : Exception;

/// <summary>Ends a run as a kill does: only the checkpoint survives.</summary>
internal sealed class Killed(MethodRun run, string stage, int epoch) : IMethodRun
{
    private bool _isGrown;

    public Dataset Train => run.Train;

    public Dataset Validation => run.Validation;

    public TimeProvider Time => run.Time;

    public TrainingResult Fit(string name, Network network, TrainingOptions options)
    {
        TrainingResult result = run.Fit(name, network, string.Equals(name, stage, StringComparison.Ordinal) ? options with { Callbacks = [new Bomb(epoch)] } : options);
        _isGrown = true;
        return result;
    }

    public string Choose(string name, string what, Func<string> choose) => run.Choose(name, what, choose);

    internal void Report(GrowthRecord record)
    {
        if (_isGrown && stage is "roll-back")
        {
            throw new KilledException();
        }
    }
}

/// <summary>Records which choices were requested and which were made.</summary>
internal sealed class Recorded(MethodRun run) : IMethodRun
{
    public List<string> Asked { get; } = [];

    public List<string> Made { get; } = [];

    public Dataset Train => run.Train;

    public Dataset Validation => run.Validation;

    public TimeProvider Time => run.Time;

    public TrainingResult Fit(string name, Network network, TrainingOptions options) => run.Fit(name, network, options);

    public string Choose(string name, string what, Func<string> choose)
    {
        Asked.Add(what);
        return run.Choose(name, what, () =>
        {
            Made.Add(what);
            return choose();
        });
    }
}

/// <summary>Adds three seconds to each access to the held-out samples, outside the epochs.</summary>
internal sealed class SlowAnswers(IMethodRun run, Clock clock) : IMethodRun
{
    public int Asked { get; private set; }

    public Dataset Train => run.Train;

    public Dataset Validation
    {
        get
        {
            Asked++;
            clock.Advance(3);
            return run.Validation;
        }
    }

    public TimeProvider Time => clock;

    public TrainingResult Fit(string name, Network network, TrainingOptions options) => run.Fit(name, network, options);

    public string Choose(string name, string what, Func<string> choose) => choose();
}

/// <summary>Growth never stops and never rolls back.</summary>
internal sealed record AlwaysGain : StoppingPolicy
{
    public override bool HasGained(GrowthTrack track) => true;

    public override bool IsGain(GrowthTrack track, PairedCounts? answers) => true;

    public override JsonNode Fingerprint() => "always";
}

/// <summary>The last of the stages that can still grow.</summary>
internal sealed record LastStage : GrowingPolicy
{
    public override int Next(GrowthTrack track, RandomStream stream) => track.Live[^1];

    public override JsonNode Fingerprint() => "last";
}

/// <summary>Always the same stage, whether it can grow or not.</summary>
internal sealed record FixedStage(int Stage) : GrowingPolicy
{
    public override int Next(GrowthTrack track, RandomStream stream) => Stage;

    public override JsonNode Fingerprint() => "fixed";
}

/// <summary>Records the initial network of each training stage.</summary>
internal sealed class Begun(MethodRun run) : IMethodRun
{
    public Dictionary<string, Network> Networks { get; } = new(StringComparer.Ordinal);

    public Dataset Train => run.Train;

    public Dataset Validation => run.Validation;

    public TimeProvider Time => run.Time;

    public TrainingResult Fit(string name, Network network, TrainingOptions options)
    {
        Networks.Add(name, network);
        return run.Fit(name, network, options);
    }

    public string Choose(string name, string what, Func<string> choose) => run.Choose(name, what, choose);
}

/// <summary>Records the depth and the best held-out accuracy of each repair, by the number of removed blocks.</summary>
internal sealed class Trials(MethodRun run) : IMethodRun
{
    private const string Prefix = "shorten-";

    public Dictionary<int, (int Depth, double Accuracy)> Repairs { get; } = [];

    public Dataset Train => run.Train;

    public Dataset Validation => run.Validation;

    public TimeProvider Time => run.Time;

    public TrainingResult Fit(string name, Network network, TrainingOptions options)
    {
        TrainingResult result = run.Fit(name, network, options);
        if (name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            int depth = network.Nodes.Count(node => node.Name.EndsWith(".conv1", StringComparison.Ordinal));
            Repairs.Add(
                int.Parse(name[Prefix.Length..], CultureInfo.InvariantCulture),
                (depth, result.History.Max(epoch => epoch.ValidationAccuracy)));
        }

        return result;
    }

    public string Choose(string name, string what, Func<string> choose) => run.Choose(name, what, choose);
}

internal sealed class Bomb(int epoch) : ITrainingCallback
{
    public void OnStep(StepProgress progress)
    {
    }

    public void OnEpoch(EpochResult result)
    {
        if (result.Epoch == epoch)
        {
            throw new KilledException();
        }
    }
}

/// <summary>A clock that advances only on request.</summary>
internal sealed class Clock : TimeProvider
{
    private double _seconds;

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => (long)(_seconds * TimestampFrequency);

    internal void Advance(double seconds) => _seconds += seconds;
}

/// <summary>Advances the clock after each epoch by a function of the network.</summary>
internal sealed class Timed(MethodRun run, Clock clock, Func<Network, double> seconds) : IMethodRun
{
    public Dataset Train => run.Train;

    public Dataset Validation => run.Validation;

    public TimeProvider Time => clock;

    public TrainingResult Fit(string name, Network network, TrainingOptions options) =>
        run.Fit(name, network, options with { Edits = [new Passing(clock, seconds), .. options.Edits] });

    public string Choose(string name, string what, Func<string> choose) => run.Choose(name, what, choose);
}

internal sealed class Passing(Clock clock, Func<Network, double> seconds) : IEpochEdit
{
    public string Name => "passing";

    public void AfterEpoch(Learner learner, EpochResult epoch) => clock.Advance(seconds(learner.Network));

    public JsonNode? Save() => null;

    public void Restore(JsonNode? state)
    {
    }

    public JsonNode Fingerprint() => "passing";
}
