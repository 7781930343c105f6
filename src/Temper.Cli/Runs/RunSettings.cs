using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Kernels;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>Settings shared by all commands that create a run folder.</summary>
internal static class RunSettings
{
    /// <summary>Value of <c>--resume</c> for the most recently started run of the same command.</summary>
    private const string Last = "last";

    internal static Setting<string> Data { get; } = Setting.Text(
        "data", "A known set, a path, or synth:shapes; see 'temper data list'; must be given for a stored network",
        "fashion-mnist");

    /// <summary>
    /// Throws if a stored network is given without data: the default is for built-in networks, and hardly what a stored
    /// one was trained on.
    /// </summary>
    internal static void RequireData(CommandContext context, string model)
    {
        if (ModelSource.IsStored(model) && !context.Values.IsNamed(Data))
        {
            throw ToolException.Usage($"{context.Values.Command}: {Data.Flag} is missing; the default, "
                + $"{Data.DefaultText}, is for built-in networks only (got the stored network {model}); name the data "
                + "that it was trained on");
        }
    }

    internal static Setting<double> Validation { get; } = Setting.Number(
        "validation", "Fraction of the training samples held out for validation, used to select the epoch",
        defaultValue: 0.1, minimum: 0.001, maximum: 0.9);

    internal static Setting<ulong> Seed { get; } = Setting.Seed();

    internal static Setting<string> Runs { get; } = Setting.Text("runs", "Parent folder of the run folders", "runs");

    internal static Setting<string?> Resume { get; } = new(
        "resume", "Continue an interrupted run, with its settings: a run folder, or 'last'", null, text => text)
    {
        IsAboutOutput = true,
        Words = () => [Last],
    };

    internal static Setting<TimeSpan?> MaxTime { get; } = Setting.OptionalDuration(
        "max-time",
        "Time limit, such as 20m or 1h30m: compress and grow plan their trainings to fit; other commands stop training "
            + "and write a checkpoint to resume from; none = no limit");

    internal static Setting<double?> FailBelow { get; } = Setting.OptionalNumber(
        "fail-below", "Exit with code 4 if the test accuracy is below this percentage", maximum: 100);

    /// <summary>How the ranks divide the training; null: one rank.</summary>
    internal static Setting<string?> Plan { get; } = Setting.OptionalText(
        "plan", "How ranks started by mpirun divide the training: data (divide the samples), auto, or a plan file "
            + "written by temper plan --save-plan; without mpirun there is one rank");

    /// <summary>The settings of every such command, listed after its own settings.</summary>
    internal static IReadOnlyList<Setting> All { get; } = [Validation, Seed, Runs, Resume, MaxTime, FailBelow];

    /// <summary>Opens the run folder that <c>--resume</c> names.</summary>
    internal static RunFolder Find(string resume, string runs, string command) => resume is not Last
        ? RunFolder.Open(resume)
        : RunFolder.Latest(runs, command) ?? throw new ToolException(
            ExitCode.InputOutput,
            $"{command}: no run to resume in {runs}; give the run folder, or its parent folder with --runs");
}

/// <summary>A command that creates a run folder and can resume the run.</summary>
internal abstract class RunCommand(string name, string help) : ToolCommand(name, help)
{
    /// <summary>
    /// Settings that a resume may change: they affect the duration and the machine of the run and where its result is
    /// saved, not its results per epoch.
    /// </summary>
    private static readonly Setting[] Changeable =
    [
        TrainingSettings.Epochs, RunSettings.Runs, RunSettings.MaxTime, RunSettings.FailBelow, RunSettings.Plan,
        CommonSettings.Threads, CompressionSettings.Output, GrowthSettings.Output, Hardening.HardenSettings.Output,
        Reinforcement.RlTrainSettings.Output,
        .. RankSettings.WithoutEffectOnResults,
    ];

    internal sealed override int Run(CommandContext context)
    {
        RequireSameSettings(context);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        return Execute(context);
    }

    /// <summary>
    /// Throws if a resume is given settings that differ from those of the run: they would be ignored, and the result
    /// would not match the command line.
    /// </summary>
    private void RequireSameSettings(CommandContext context)
    {
        if (context.Get(RunSettings.Resume) is not { } resume)
        {
            return;
        }

        string config = RunSettings.Find(resume, context.Get(RunSettings.Runs), Name).ConfigPath;
        SettingValues own = SettingValues.Resolve(
            this, _ => null, ConfigFile.Load(config), new Dictionary<string, string>(StringComparer.Ordinal));
        (Setting Setting, string Here, string There)[] differences = [.. context.Values.Differences(own)];
        string[] differing = [.. differences.Where(one => !Changeable.Contains(one.Setting)).Select(
            one => $"{one.Setting.Name} (got '{one.Here}', the run has '{one.There}')")];
        if (differing.Length > 0)
        {
            throw ToolException.Usage(
                $"{Name}: a resumed run keeps its settings, but these differ: "
                + $"{string.Join(", ", differing)}; leave them out, or start a new run");
        }

        (Setting? epochs, string here, string there) =
            differences.FirstOrDefault(one => one.Setting == TrainingSettings.Epochs);
        if (epochs is not null && Settings.Contains(TrainingSettings.Schedule)
            && own.Get(TrainingSettings.Schedule) is var schedule && schedule is not "constant")
        {
            throw ToolException.Usage($"{Name}: {epochs.Flag} cannot change on a resume with "
                + $"{TrainingSettings.Schedule.Flag} {schedule}, which is stretched over the number of epochs (got "
                + $"{here}, the run has {there}); leave it out, or start a new run");
        }
    }

    /// <summary>Runs the command with the worker pool that the settings require.</summary>
    /// <returns>A code of <see cref="ExitCode"/>.</returns>
    private protected abstract int Execute(CommandContext context);

    /// <summary>A resumed run reads the configuration file in its folder.</summary>
    internal sealed override string? ConfigPath(Func<Setting, string?> given)
    {
        if (given(RunSettings.Resume) is not { } resume)
        {
            return base.ConfigPath(given);
        }

        return given(CommonSettings.Config) is null
            ? RunSettings.Find(resume, given(RunSettings.Runs) ?? RunSettings.Runs.DefaultText!, Name).ConfigPath
            : throw ToolException.Usage(
                $"{Name}: --resume and --config exclude each other; a resumed run keeps its settings");
    }
}
