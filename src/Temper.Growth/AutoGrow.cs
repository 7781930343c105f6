using System.Globalization;
using Temper.Growth.Blocks;
using Temper.Growth.Initializers;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Growth;

/// <summary>
/// AutoGrow (arXiv:1906.02909): finds the depth of a network by growing it from a shallow seed. It trains at a constant
/// rate, appends a block every K epochs, stops a stage for ever when its growth came at a time without gain, and trains
/// what it found to the end.
/// </summary>
/// <example><code>
/// GrowableNetwork seed = GrowableNetwork.Of(StagedFamily.ByName("basic3"), [1, 1, 1], zoo);
/// GrowthResult found = AutoGrow.Run(seed.With(seed.Network.Initialize(stream)), new GrowthOptions(), training, new
/// GrowthRun(data));
/// </code></example>
public static class AutoGrow
{
    /// <summary>Grows a network and trains what was found.</summary>
    /// <param name="seed">Where growing begins, initialized or trained.</param>
    /// <param name="options">How to grow.</param>
    /// <param name="training">
    /// How to train: rate, batch, decay, augmentation. The schedule is the method's: constant, then drops.
    /// </param>
    /// <param name="stages">
    /// Data, and where trainings run; a run that is resumed calls this again and gets the same bytes.
    /// </param>
    /// <exception cref="ArgumentException">
    /// Options, seed, data and limits do not fit; nothing has been trained.
    /// </exception>
    /// <exception cref="TrainingDivergedException">
    /// The seed diverged before it gained anything; a smaller rate helps.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped; the stages may let it go on.</exception>
    public static GrowthResult Run(
        GrowableNetwork seed, GrowthOptions options, TrainingOptions training, IGrowthRun stages)
    {
        Require(seed, options, training, stages);
        training = training with { Schedule = new ConstantSchedule(), EarlyStopping = null };
        var edit = new GrowthEdit(seed, options, training, stages);
        GrowableNetwork grown = Grow(seed, edit, options, training, stages);
        GrowableNetwork start = options.RollsBack ? RolledBack(grown, edit, options, stages) : grown;
        edit.CountSinceLastEpoch();
        stages.Report(edit.Record());

        var finish = new FinishEdit(options.Limits.Time, edit.State.Seconds, stages);
        TrainingOptions last =
            FinishOptions(start, options, training, stages, edit.State) with { Edits = [.. training.Edits, finish] };
        TrainingResult trained = stages.Fit(FinishEdit.Stage, start.Network, last);
        GrowableNetwork found = start.With(trained.Network);
        edit.State.Seconds = finish.Seconds;
        edit.Note(GrowthEvents.Finish, -1, found);
        return new GrowthResult
        {
            Network = found, Grown = grown.Depths, Record = edit.Record(), GrowthEpochs = edit.State.Track.Best.Count,
            Finish = trained,
        };
    }

    /// <summary>Epochs between drops, at a tenth of the rate each: one half and three quarters.</summary>
    /// <param name="epochs">N.</param>
    public static LearningRateSchedule FinishSchedule(int epochs) =>
        new MultiStepSchedule { Milestones = [epochs / 2.0, epochs * 0.75] };

    private static GrowableNetwork Grow(
        GrowableNetwork seed, GrowthEdit edit, GrowthOptions options, TrainingOptions training, IGrowthRun stages)
    {
        TrainingOptions growing = training with { Epochs = options.MaxEpochs, Edits = [.. training.Edits, edit] };
        try
        {
            return seed.Restored(stages.Fit(GrowthEdit.Stage, seed.Network, growing).Last, edit.State.Stages);
        }
        catch (TrainingDivergedException error) when (edit.Gain is { } gain)
        {
            // What came before the last growth is whole: growing ends there instead of losing everything.
            edit.Note(GrowthEvents.Diverged, edit.State.Track.Grown, gain, error.Message);
            return gain;
        }
    }

    private static GrowableNetwork RolledBack(
        GrowableNetwork grown, GrowthEdit edit, GrowthOptions options, IGrowthRun stages)
    {
        GrowableNetwork start = edit.Gain ?? grown;
        if (!start.Depths.SequenceEqual(grown.Depths))
        {
            edit.Note(
                GrowthEvents.RollBack, -1, start, $"the last real gain was in epoch {edit.State.Track.GainEpoch + 1}");
        }

        return RollBack.Trim(start, stages.Validation, options.Tolerance, (stage, shorter) =>
            edit.Note(GrowthEvents.Bypass, stage, shorter));
    }

    /// <summary>The final training, of as many epochs as time allows.</summary>
    private static TrainingOptions FinishOptions(
        GrowableNetwork start, GrowthOptions options, TrainingOptions training, IGrowthRun stages, GrowthState state)
    {
        int epochs = options.FinishEpochs;
        if (options.Limits.Time is { } limit)
        {
            double epoch = state.SecondsPerMac * start.Network.Cost().Macs;
            string chosen = stages.Choose(FinishEdit.Stage, "epochs", () =>
                Math.Floor(
                    Math.Clamp((limit.TotalSeconds - state.Seconds) / Math.Max(epoch, 1e-9), 1, options.FinishEpochs))
                    .ToString("F0", CultureInfo.InvariantCulture));
            epochs = int.Parse(chosen, CultureInfo.InvariantCulture);
        }

        return training with { Epochs = epochs, Schedule = FinishSchedule(epochs) };
    }

    private static void Require(
        GrowableNetwork seed, GrowthOptions options, TrainingOptions training, IGrowthRun stages)
    {
        options.Validate();
        if (!training.Loss.IsClassification)
        {
            throw new ArgumentException($"growth: gains are counted in accuracy (got {training.Loss.GetType().Name}); "
                + "choose a loss of classes", nameof(training));
        }

        if (options.Limits.Exceeded(seed.Network, training.BatchSize) is { } exceeded)
        {
            throw new ArgumentException($"growth: the seed {seed} is above a limit already ({exceeded}); raise the "
                + "limit or choose a narrower family", nameof(options));
        }

        if (options.Limits.Milliseconds is { } max
            && GrowthEdit.Milliseconds(seed, stages) is var milliseconds && milliseconds > max)
        {
            throw new ArgumentException($"growth: the seed {seed} is above a limit already (got {milliseconds:G3} ms "
                + $"per sample, expected at most {max:G3}); raise the limit");
        }

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
                $"growth: initializer '{initializer.Name}' silences a block, and those of '{stage}' have no shortcut "
                + "beside them; use default, gaussian, uniform or identity");
        }

        if (initializer is { RefusesShortcut: true } && isResidual)
        {
            throw new ArgumentException($"growth: initializer '{initializer.Name}' is for plain blocks, and those of "
                + $"'{stage}' have a shortcut; use gaussian, zero, copy or another");
        }
    }
}

/// <summary>Result of growing.</summary>
public sealed record GrowthResult
{
    /// <summary>The network that was found, after its final training.</summary>
    public required GrowableNetwork Network { get; init; }

    /// <summary>Depths when growing ended, before roll-back.</summary>
    public required IReadOnlyList<int> Grown { get; init; }

    /// <summary>The steps that led to it.</summary>
    public required GrowthRecord Record { get; init; }

    /// <summary>Epochs of growing.</summary>
    public required int GrowthEpochs { get; init; }

    /// <summary>The final training.</summary>
    public required TrainingResult Finish { get; init; }
}
