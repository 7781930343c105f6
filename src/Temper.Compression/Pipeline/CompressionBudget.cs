using System.Globalization;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Runs;
using Temper.Wording;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Plans how many epochs and trials fit into the time limit. The plan, the time used and decisions that depend on time
/// are recorded, so that a resumed run makes the same decisions and does not get the time of finished stages again. Of
/// an interrupted stage, only the time after the interruption counts.
/// </summary>
internal sealed class CompressionBudget
{
    /// <summary>Fraction of the time planned for training; the rest is for measuring.</summary>
    private const double Planned = 0.8;

    /// <summary>Fraction of a structure's training epochs that use the regularizer.</summary>
    private const double Regularizing = 0.35;

    /// <summary>Maximum fraction of the time for a later stage.</summary>
    private const double MaxLaterPart = 0.25;

    private const int TimedSteps = 6;

    private readonly CompressionOptions _options;
    private readonly IMethodRun _run;
    private readonly TimeProvider _time;
    private readonly double _epochSeconds;
    private readonly int _laterEpochs;
    private double _used;
    private long _lap;

    internal CompressionBudget(Network network, CompressionOptions options, IMethodRun run, TimeProvider time)
    {
        (_options, _run, _time, _lap) = (options, run, time, time.GetTimestamp());
        int structures =
            Thinning.For(options.Structure).Count + (options.Activations == CompressionActivations.None ? 0 : 1);
        _epochSeconds =
            options.MaxTime is null ? 0 : run.Measure("plan", "seconds an epoch", () => EpochSeconds(network));
        string plan = run.Choose("plan", "epochs and trials", () => Plan(structures));
        int[] counts = [.. plan.Split(',').Select(
            part => int.Parse(part.AsSpan(part.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture))];
        (RegularizeEpochs, TuneEpochs, Trials, _laterEpochs) = (counts[0], counts[1], counts[2], counts[3]);
        if (options.MaxTime is not null)
        {
            run.Note(string.Create(CultureInfo.InvariantCulture,
                $"time: {_epochSeconds:F1} s per epoch, so {Plural.Of(RegularizeEpochs, "epoch")} with the regularizer "
                + $"and {Plural.Of(Trials, "trial")} of {Plural.Of(TuneEpochs, "epoch")} for each of "
                + $"{Plural.Of(structures, "structure")}"));
        }
    }

    internal int RegularizeEpochs { get; }

    internal int TuneEpochs { get; }

    internal int Trials { get; }

    /// <summary>Seconds used so far, also by earlier processes of a resumed run.</summary>
    private double Seconds => _used + _time.GetElapsedTime(_lap).TotalSeconds;

    /// <summary>
    /// Plans the epochs with the regularizer, the epochs and number of trials, and the epochs of a later stage. The
    /// plan is recorded, so that a run resumed with another limit keeps it.
    /// </summary>
    private string Plan(int structures)
    {
        bool hasRegularizer = Thinning.For(_options.Structure).Count > 0;
        (int regularize, int tune, int trials, int later) =
            (hasRegularizer ? _options.RegularizeEpochs : 0, _options.TuneEpochs, _options.Trials,
                _options.LaterEpochs);
        if (_options.MaxTime is { } limit)
        {
            double all = limit.TotalSeconds * Planned / _epochSeconds;
            later = Math.Min(later, (int)(all * MaxLaterPart));
            double epochs = structures == 0 ? 0 : (all - later) / structures;
            regularize = Math.Min(regularize, Math.Max(1, (int)(epochs * Regularizing)));
            tune = Math.Min(tune, Math.Max(1, (int)((epochs - regularize) / trials)));
            trials = tune == 0 ? trials : Math.Max(1, Math.Min(trials, (int)((epochs - regularize) / tune)));
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"regularize {regularize}, fine-tune {tune}, trials {trials}, later stage {later}");
    }

    /// <summary>
    /// Adds the time since the end of the previous stage to the time used. It is measured once and recorded; a resumed
    /// run, which does not train its finished stages again, adds the recorded value.
    /// </summary>
    /// <param name="stage">Name of the stage that ended, unique within the run.</param>
    internal void EndStage(string stage)
    {
        if (_options.MaxTime is null)
        {
            return;
        }

        long now = _time.GetTimestamp();
        _used += _run.Measure(stage, "seconds used", () => _time.GetElapsedTime(_lap, now).TotalSeconds);
        _lap = now;
    }

    /// <summary>Returns whether another trial can end within the time limit.</summary>
    internal bool HasTimeFor(string structure, int trial) => _options.MaxTime is not { } limit
        || _run.Decide($"{structure}-{trial}", "enough time", () =>
            Seconds + ((TuneEpochs + _laterEpochs) * _epochSeconds) <= limit.TotalSeconds);

    /// <summary>
    /// Returns the number of planned epochs that fit into the remaining time for the next stage; null if time is not
    /// limited.
    /// </summary>
    internal int? LaterEpochs() => _options.MaxTime is not { } limit || _options.LaterEpochs == 0
        ? null
        : _run.ChooseCount("later", "epochs", () =>
            (int)Math.Clamp((limit.TotalSeconds - Seconds) / _epochSeconds, 0, _laterEpochs));

    /// <summary>
    /// Measures the time of a training step on a constant batch and returns the seconds per epoch. The first step,
    /// which includes compilation, is not counted.
    /// </summary>
    private double EpochSeconds(Network network)
    {
        int batch = _options.Training?.BatchSize ?? 64;
        using var learner = new Learner(network, new LearnerOptions());
        Tensor x = Tensor.Full([batch, .. network.Inputs[0].SampleShape.AsSpan()], 0.5f);
        double best = double.PositiveInfinity;
        for (int step = 0; step < TimedSteps; step++)
        {
            long start = _time.GetTimestamp();
            using Gradients gradients = learner.Gradients((net, pass) => net.Forward(x, pass).Pow(2).Mean());
            best = step == 0 ? best : Math.Min(best, _time.GetElapsedTime(start).TotalSeconds);
        }

        // A teacher adds a forward pass, which is about a third of a step.
        return best * (_options.Distillation > 0 ? 1.4 : 1.1) * Math.Max(1, _run.Train.Count / (double)batch);
    }
}
