using System.Globalization;
using Temper.Growth.Blocks;
using Temper.Growth.Initializers;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Growth;

/// <summary>
/// AutoGrow (arXiv:1906.02909): finds the depth of a network by growing it from a shallow seed network. It trains at a
/// constant learning rate and appends a block every K epochs. If there is no recent gain after a stage has grown, that
/// stage never grows again. Finally the network found is trained to completion.
/// </summary>
/// <example><code>
/// GrowableNetwork seed = GrowableNetwork.Of(StagedFamily.ByName("basic3"), [1, 1, 1], zoo);
/// GrowthResult found = AutoGrow.Run(
///     seed.With(seed.Network.Initialize(stream)), new GrowthOptions(), training, new MethodRun((train, validation)));
/// </code></example>
public static class AutoGrow
{
    private const string FinishStage = "finish", ScratchStage = "scratch";

    /// <summary>Grows a network and runs the final training.</summary>
    /// <param name="seed">Initial network, initialized or trained.</param>
    /// <param name="options">Options of growth.</param>
    /// <param name="training">
    /// Training options such as learning rate, batch size, weight decay and augmentation. The schedule is ignored: it
    /// is constant during growth and drops in the final training.
    /// </param>
    /// <param name="run">
    /// Provides the data and runs the trainings. A resumed run calls this method again and gets bit-identical results.
    /// </param>
    /// <param name="report">
    /// Called with the record so far: at the end of each interval of growth, after roll-back, after the last repair,
    /// and after the final training; not every call adds a step.
    /// </param>
    /// <exception cref="ArgumentException">
    /// Options, seed, data or limits are invalid; nothing has been trained.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The <see cref="GrowthOptions.Growing"/> policy chose a stage that cannot grow.
    /// </exception>
    /// <exception cref="TrainingDivergedException">
    /// Training of the seed diverged before the first gain; try a smaller learning rate.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// The run was stopped; it can be resumed if <paramref name="run"/> keeps checkpoints.
    /// </exception>
    public static GrowthResult Run(
        GrowableNetwork seed, GrowthOptions options, TrainingOptions training, IMethodRun run,
        Action<GrowthRecord>? report = null)
    {
        Require(seed, options, training, run);
        training = training with { Schedule = new ConstantSchedule(), EarlyStopping = null };

        // Steps 1 to 3 of docs/autogrow.md run between epochs: GrowthEdit.AfterEpoch.
        var edit = new GrowthEdit(seed, options, training, run) { Report = report };
        GrowableNetwork grown = Grow(seed, edit, options, training, run);

        // Roll-back and shortening are not part of the paper.
        GrowableNetwork start = options.RollsBack ? RolledBack(grown, edit, options, run) : grown;
        edit.CountSinceLastEpoch();
        report?.Invoke(edit.Record());
        var shortening = new Shortening(options, training, run, edit);
        if (options is { RollsBack: true, RepairEpochs: > 0 })
        {
            start = shortening.Shorten(start);

            // If nothing was repaired, the tolerance has not been spent yet.
            start = shortening.Epochs == 0 && options.Tolerance > 0
                ? Trimmed((start, RollBack.Accuracy(start, run.Validation)), edit, options.Tolerance, run)
                : start;
            report?.Invoke(edit.Record());
        }

        // Step 4: the final training.
        var finish = new TrainingClock(FinishStage, options.Limits.Time, edit.State.Seconds, run);
        TrainingOptions last =
            FinishOptions(start, options, training, run, edit.State) with { Edits = [.. training.Edits, finish] };
        TrainingResult trained = run.Fit(FinishStage, start.Network, last);
        GrowableNetwork found = start.With(trained.Network);
        edit.State.Seconds = finish.Seconds;
        edit.Note(GrowthEvents.Finish, -1, found, trained.History[trained.BestEpoch].ValidationAccuracy);
        GrowthRecord record = edit.Record();
        report?.Invoke(record);
        return new GrowthResult
        {
            Network = found, Grown = grown.Depths, Record = record, GrowthEpochs = edit.State.Track.Best.Count,
            RepairEpochs = shortening.Epochs, Finish = trained,
        };
    }

    /// <summary>
    /// Trains the network found from new random weights, for as many epochs as the final training and with its
    /// schedule, as a baseline for growing.
    /// </summary>
    /// <param name="found">Result of the growth.</param>
    /// <param name="training">Training options of the growth; schedule and epochs are ignored.</param>
    /// <param name="weights">Random stream of the new weights.</param>
    /// <param name="run">Runs the training, as a stage of its own.</param>
    /// <returns>Result of the training, and its seconds over all processes of a resumed run.</returns>
    /// <exception cref="TrainingDivergedException">The training diverged.</exception>
    /// <exception cref="OperationCanceledException">
    /// The run was stopped; it can be resumed if <paramref name="run"/> keeps checkpoints.
    /// </exception>
    public static (TrainingResult Result, double Seconds) FromScratch(
        GrowthResult found, TrainingOptions training, RandomStream weights, IMethodRun run)
    {
        int epochs = found.Finish.History.Count;
        Network network = found.Network.Network.Initialize(weights);
        var clock = new TrainingClock(ScratchStage, limit: null, before: 0, run);
        TrainingResult trained = run.Fit(ScratchStage, network, training with
        {
            Epochs = epochs, Schedule = FinishSchedule(epochs), EarlyStopping = null,
            Edits = [.. training.Edits, clock],
        });
        return (trained, clock.Seconds);
    }

    /// <summary>
    /// Returns the schedule of the final training: the learning rate is divided by 10 at one half and at three quarters
    /// of the epochs, also in the middle of an epoch.
    /// </summary>
    /// <param name="epochs">Number of epochs of the final training (N).</param>
    public static LearningRateSchedule FinishSchedule(int epochs) =>
        new MultiStepSchedule { Milestones = [epochs / 2.0, epochs * 0.75] };

    private static GrowableNetwork Grow(
        GrowableNetwork seed, GrowthEdit edit, GrowthOptions options, TrainingOptions training, IMethodRun run)
    {
        TrainingOptions growing = training with { Epochs = options.MaxEpochs, Edits = [.. training.Edits, edit] };
        try
        {
            return seed.Restored(run.Fit(GrowthEdit.Stage, seed.Network, growing).Last, edit.State.Stages);
        }
        catch (TrainingDivergedException error) when (edit.Gain is { } gain)
        {
            // The network of the last gain is intact, so growth ends there and the run is not lost.
            edit.Note(GrowthEvents.Diverged, edit.State.Track.Grown, gain, edit.Best, error.Message);
            return gain;
        }
    }

    private static GrowableNetwork RolledBack(
        GrowableNetwork grown, GrowthEdit edit, GrowthOptions options, IMethodRun run)
    {
        GrowableNetwork start = edit.Gain ?? grown;
        double accuracy = RollBack.Accuracy(start, run.Validation);
        edit.AddMeasured(start, accuracy);
        if (!start.Depths.SequenceEqual(grown.Depths))
        {
            string reason = string.Create(
                CultureInfo.InvariantCulture, $"the last gain was in epoch {edit.State.Track.GainEpoch + 1}");
            edit.Note(GrowthEvents.RollBack, -1, start, accuracy, reason);
        }

        // The tolerance is spent once: by the repaired removals if there are any.
        return Trimmed((start, accuracy), edit, options.RepairEpochs > 0 ? 0 : options.Tolerance, run);
    }

    private static GrowableNetwork Trimmed(
        (GrowableNetwork Network, double Accuracy) start, GrowthEdit edit, double tolerance, IMethodRun run) =>
        RollBack.Trim(start, run.Validation, tolerance, (stage, shorter, accuracy) =>
        {
            edit.AddMeasured(shorter, accuracy);
            edit.Note(GrowthEvents.Bypass, stage, shorter, accuracy);
        });

    /// <summary>Returns the options of the final training, with as many epochs as the time limit allows.</summary>
    private static TrainingOptions FinishOptions(
        GrowableNetwork start, GrowthOptions options, TrainingOptions training, IMethodRun run, GrowthState state)
    {
        int epochs = options.FinishEpochs;
        if (options.Limits.Time is { } limit)
        {
            double epoch = Math.Max(state.SecondsPerMac * start.Network.Cost().Macs, 1e-9);
            epochs = run.ChooseCount(FinishStage, "epochs", () =>
                (int)Math.Clamp((limit.TotalSeconds - state.Seconds) / epoch, 1, options.FinishEpochs));
        }

        return training with { Epochs = epochs, Schedule = FinishSchedule(epochs) };
    }

    private static void Require(GrowableNetwork seed, GrowthOptions options, TrainingOptions training, IMethodRun run)
    {
        ArgumentNullException.ThrowIfNull(seed);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(run);
        options.Validate();
        if (!training.Loss.IsClassification)
        {
            throw new ArgumentException($"growth: gains are measured in accuracy (got {training.Loss.GetType().Name}, "
                + "expected a classification loss); choose another loss", nameof(training));
        }

        if (options.Limits.Exceeded(seed.Network, training.BatchSize) is { } exceeded)
        {
            throw new ArgumentException($"growth: the initial network {seed} already exceeds a limit ({exceeded}); "
                + "raise the limit or choose a narrower family", nameof(options));
        }

        if (options.Limits.Milliseconds is { } max
            && GrowthEdit.Milliseconds(seed, run) is var milliseconds && milliseconds > max)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"growth: the initial network {seed} already exceeds a limit (got {milliseconds:G3} ms per sample, "
                + $"expected at most {max:G3}); raise the limit"));
        }

        RequireInitializer(seed, options);
    }

    /// <summary>Throws if the initializer is not for the blocks of every stage.</summary>
    internal static void RequireInitializer(GrowableNetwork seed, GrowthOptions options)
    {
        foreach (GrowthStage stage in seed.Stages)
        {
            RequireInitializer(options.Initializer, stage.IsResidual, stage.Name);
        }
    }

    private static void RequireInitializer(BlockInitializer? initializer, bool isResidual, string stage)
    {
        if (initializer is { NeedsShortcut: true } && !isResidual)
        {
            throw new ArgumentException(
                $"growth: initializer '{initializer.Name}' silences a block, but blocks of '{stage}' have no shortcut; "
                + "use default, gaussian, uniform or identity");
        }

        if (initializer is { RefusesShortcut: true } && isResidual)
        {
            throw new ArgumentException($"growth: initializer '{initializer.Name}' is for plain blocks, but blocks of "
                + $"'{stage}' have a shortcut; use another one, such as gaussian, zero or copy");
        }
    }
}

/// <summary>Result of <see cref="AutoGrow.Run"/>.</summary>
public sealed record GrowthResult
{
    /// <summary>The network found, after the final training.</summary>
    public required GrowableNetwork Network { get; init; }

    /// <summary>Number of blocks of each stage when growth ended, before roll-back.</summary>
    public required IReadOnlyList<int> Grown { get; init; }

    /// <summary>Record of the growth.</summary>
    public required GrowthRecord Record { get; init; }

    /// <summary>Number of epochs of growth.</summary>
    public required int GrowthEpochs { get; init; }

    /// <summary>Number of epochs of all repairs after blocks were removed.</summary>
    public required int RepairEpochs { get; init; }

    /// <summary>Result of the final training.</summary>
    public required TrainingResult Finish { get; init; }
}
