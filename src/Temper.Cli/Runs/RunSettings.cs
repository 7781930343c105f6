using Temper.Cli.CommandLine;
using Temper.Kernels;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>What every command that leaves a run folder can be told.</summary>
internal static class RunSettings
{
    /// <summary>Stands for the run of the same command that began last.</summary>
    private const string Last = "last";

    internal static Setting<string> Data { get; } = Setting.Text(
        "data", "A known set, a path, or synth:shapes; see 'temper data list'", "fashion-mnist");

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
        "Stop training after this time, such as 20m or 1h30m, and write a checkpoint to resume from; none = no "
            + "limit");

    internal static Setting<double?> FailBelow { get; } = Setting.OptionalNumber(
        "fail-below", "Exit with code 4 if the test accuracy is below this percentage", maximum: 100);

    /// <summary>How ranks share training; null: there is one.</summary>
    internal static Setting<string?> Plan { get; } = Setting.OptionalText(
        "plan", "How ranks started by mpirun divide the training: data (divide the samples), auto, or a plan file "
            + "written by temper plan --save-plan; without mpirun there is one rank");

    /// <summary>What every such command has, behind its own settings.</summary>
    internal static IReadOnlyList<Setting> All { get; } = [Validation, Seed, Runs, Resume, MaxTime, FailBelow];

    /// <summary>The folder that <c>--resume</c> names.</summary>
    internal static RunFolder Find(string resume, string runs, string command) => resume is not Last
        ? RunFolder.Open(resume)
        : RunFolder.Latest(runs, command) ?? throw new ToolException(
            ExitCode.InputOutput,
            $"{command}: no run to resume in {runs}; name its folder, or say with --runs where to look");
}

/// <summary>A command that leaves a run folder and can go on with it.</summary>
internal abstract class RunCommand(string name, string help) : ToolCommand(name, help)
{
    /// <summary>
    /// Settings that a resume may change: they decide how long the run goes on and where, not what it does.
    /// </summary>
    private static readonly Setting[] Changeable =
    [
        TrainingSettings.Epochs, RunSettings.Runs, RunSettings.MaxTime, RunSettings.FailBelow, RunSettings.Plan,
        CommonSettings.Threads, .. RankSettings.All,
    ];

    internal sealed override int Run(CommandContext context)
    {
        RequireSameSettings(context);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        return Execute(context);
    }

    /// <summary>A setting that was ignored would make a result that is not what its command says.</summary>
    private void RequireSameSettings(CommandContext context)
    {
        if (context.Get(RunSettings.Resume) is not { } resume)
        {
            return;
        }

        string config = RunSettings.Find(resume, context.Get(RunSettings.Runs), Name).ConfigPath;
        SettingValues own = SettingValues.Resolve(
            this, _ => null, ConfigFile.Load(config), new Dictionary<string, string>(StringComparer.Ordinal));
        string[] differing = [.. context.Values.Differences(own).Where(one => !Changeable.Contains(one.Setting)).Select(
            one => $"{one.Setting.Name} (got '{one.Here}', the run has '{one.There}')")];
        if (differing.Length > 0)
        {
            throw ToolException.Usage(
                $"{Name}: a resume goes on with the run's own settings, but these differ: "
                + $"{string.Join(", ", differing)}; leave them out, or start a new run");
        }
    }

    /// <summary>Does the work with the pool that the settings ask for.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    private protected abstract int Execute(CommandContext context);

    /// <summary>A run goes on with the settings it began with.</summary>
    internal sealed override string? ConfigPath(Func<Setting, string?> given)
    {
        if (given(RunSettings.Resume) is not { } resume)
        {
            return base.ConfigPath(given);
        }

        return given(CommonSettings.Config) is null
            ? RunSettings.Find(resume, given(RunSettings.Runs) ?? RunSettings.Runs.DefaultText!, Name).ConfigPath
            : throw ToolException.Usage(
                $"{Name}: --resume and --config exclude each other; a run goes on with its own settings");
    }
}
