using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Reinforcement;
using Temper.Cli.Snooping;
using Temper.Kernels;
using Temper.Reinforcement.Agents;
using Temper.Reporting.Documents;
using Temper.Snooping.Attacks;
using Temper.Snooping.Defenses;
using Temper.Snooping.Evaluation;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary><c>temper rl report</c>: plays agents under snooping attacks and under all baselines.</summary>
internal sealed class RlReportCommand() : ToolCommand(
    "rl report", "Measure agents whose observations are attacked through proxies, and compare with every baseline")
{
    private static readonly Setting<IReadOnlyList<string>> Proxies =
        Setting.List("proxy", "Proxy file written by temper rl snoop; may be repeated; without it only the baselines "
            + "are measured, and the table is marked incomplete");

    private static readonly Setting<string?> SameMethod = Setting.OptionalText(
        "transfer-agent", "File of an independent agent of the same method, whose gradients are also used to attack");

    private static readonly Setting<string?> OtherMethod =
        Setting.OptionalText("transfer-method", "File of an agent of another method, whose gradients are also used "
            + "to attack");

    private static readonly Setting<string?> OtherRules = Setting.OptionalText(
        "transfer-rules", "File of an agent trained in the same environment with other rules, such as other sticky "
            + "actions; its gradients are also used to attack");

    private static readonly Setting<string?> OtherGame = Setting.OptionalText(
        "transfer-game", "File of an agent trained in another environment; its gradients are also used to attack");

    private static readonly Setting<int> AdversarySteps = Setting.Integer(
        "adversary-steps", "Train an adversary against each victim for this many steps, for each epsilon; 0: no such "
            + "row", defaultValue: 0, minimum: 0);

    private static readonly Setting<double[]> Epsilons = Setting.Numbers(
        "epsilon", "Maximum perturbations of a value, in units of the observation", [0.02, 0.05, 0.1], minimum: 0);

    private static readonly Setting<IReadOnlyList<string>> Attacks =
        Setting.Names("attack", "fgsm, pgd, mi-fgsm or guided-cw; several: separated by commas; without it fgsm");

    private static readonly Setting<string> Mode = Setting.Choice(
        "stack", "per-frame: each frame is changed once, when it crosses the channel; whole: the agent's whole stack "
            + "at each step", "per-frame", "per-frame", "whole");

    private static readonly Setting<string> Precision =
        Setting.Choice("precision", "Precision of the observation channel: float32 or uint8", "float32", "float32",
            "uint8");

    private static readonly Setting<int> DefenseBits = Setting.Integer(
        "defense-bits", "Bits to which the rounding defense rounds observations", defaultValue: 1,
        aliases: "--defence-bits");

    /// <summary>Upper limit of <c>--defense-bits</c>: a float32 value has a precision of 24 bits.</summary>
    private const int MaxBits = 24;

    private static readonly Setting<double?> Timing = Setting.OptionalNumber(
        "timing", "Also attack only this fraction of the frames, selected by two rules; needs --log", maximum: 1);

    private static readonly Setting<string?> Detector =
        Setting.OptionalText("detector", "A future-predictor that raises alarms, as a defense; needs --log, whose "
            + "clean frames set its bound (1 % false alarms), and single frames");

    private static readonly Setting<string?> Folder =
        Setting.Output("output", "Folder for report.html", OutputKind.Folder);

    private static readonly Setting<ulong> Seed = Setting.Seed();

    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        RlSettings.Environment, SnoopingSettings.Agents, Proxies, SameMethod, OtherMethod, OtherRules, OtherGame,
        AdversarySteps, Epsilons, Attacks, Mode,
        Precision, DefenseBits, Timing, Detector, SnoopingSettings.Log,
        RlSettings.Episodes, Folder, Seed, RlSettings.Sticky, RlSettings.StepLimit, RlSettings.FrameSkip,
    ];

    internal override int Run(CommandContext context)
    {
        context.RefuseUnused(
            $"a report without {Proxies.Flag}", context.Get(Proxies).Count > 0 ? [] : [Attacks, Timing]);
        context.RefuseUnused(
            $"a report without {Timing.Flag} or {Detector.Flag}",
            context.Get(Timing) is null && context.Get(Detector) is null ? [SnoopingSettings.Log] : []);
        RequireDistinct(context);
        SnoopingRunOptions options = Options(context);
        Inputs inputs = Load(context);
        var run = new SnoopingRun(options);
        var checks = new SnoopingChecks(run, options);
        Check(context, checks, inputs);
        options = options with { Detector = DetectorOf(context, inputs.Log, checks) };
        if (context.Get(Folder) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        run = new SnoopingRun(options);
        SnoopingRows rows = Play(context, run, inputs);
        var table = new SnoopingTable(
            rows.Rows, run.RandomReturn(),
            SnoopingConditions.Of(options, run.StreamOf(options.Victims[0]), inputs.Proxies));
        if (context.Get(Folder) is { } output)
        {
            var report = new Report
            {
                Title = $"Snooping on {options.Environment}",
                Subtitle = $"temper rl report, {Plural.Of(options.Victims.Count, "victim")}",
                Sections = [table.ToSection(), .. rows.Pictures(context.Get(Epsilons).Max(), inputs.Attacks)],
            };
            report.Save(Path.Combine(output, "report.html"));
        }

        SnoopingOutput.Write(context, Name, table);
        return ExitCode.Success;
    }

    /// <summary>Throws a usage error for duplicates: they would count as independent measurements.</summary>
    private static void RequireDistinct(CommandContext context)
    {
        SnoopingChecks.RequireDistinctFiles(SnoopingSettings.Agents.Flag, context.Get(SnoopingSettings.Agents));
        SnoopingChecks.RequireDistinctFiles(Proxies.Flag, context.Get(Proxies));
        SnoopingChecks.RequireDistinct(Epsilons.Flag, context.Get(Epsilons), epsilon => epsilon);
        SnoopingChecks.RequireDistinct(Attacks.Flag, context.Get(Attacks), attack => attack);
    }

    private static Inputs Load(CommandContext context)
    {
        IStateLog? log = context.Get(SnoopingSettings.Log) is { } file ? SnoopLogFile.Load(file) : null;
        return context.Get(Timing) is not null && log is null
            ? throw ToolException.Usage("rl report: --timing needs --log, whose frames set its thresholds")
            : new Inputs(
                [.. context.Get(Proxies).Select(ModelSource.RequireFile).Select(Proxy.Load)],
                new OtherAgents
                {
                    SameMethod = Agent(SameMethod), OtherMethod = Agent(OtherMethod),
                    OtherRules = Agent(OtherRules), OtherGame = Agent(OtherGame),
                },
                log,
                context.Get(Attacks) is { Count: > 0 } named ? named : ["fgsm"]);

        Policy? Agent(Setting<string?> setting) =>
            context.Get(setting) is { } path ? PolicyFile.Load(ModelSource.RequireFile(path)) : null;
    }

    /// <summary>
    /// Throws a usage error for everything that can be known before the first episode: the rows played before an error
    /// would be lost.
    /// </summary>
    private static void Check(CommandContext context, SnoopingChecks checks, Inputs inputs)
    {
        bool isTimed = context.Get(Timing) is not null;
        checks.RequireDiscrete();
        SnoopingRows.Check(inputs.Attacks, inputs.Proxies, isTimed);
        checks.RequireBounds(inputs.Attacks);
        foreach ((string file, Proxy proxy) in context.Get(Proxies).Zip(inputs.Proxies))
        {
            checks.RequireStack($"{Proxies.Flag} {file}", proxy.Stream);
        }

        CheckAgents(checks, inputs.Others);
        if (inputs.Log is { } log)
        {
            checks.Require(SnoopingSettings.Log.Flag, log.Stream);
            if (isTimed)
            {
                // The proxy that scores the log's frames takes the victims' stacks.
                checks.RequireStack(SnoopingSettings.Log.Flag, log.Stream);
            }
        }

        foreach (string line in SnoopingRows.Skipped(inputs.Attacks, inputs.Proxies))
        {
            context.Terminal.Note(line);
        }
    }

    private static void CheckAgents(SnoopingChecks checks, OtherAgents others)
    {
        (Setting<string?> Setting, Policy? Agent)[] players =
            [(SameMethod, others.SameMethod), (OtherMethod, others.OtherMethod), (OtherRules, others.OtherRules)];
        foreach ((Setting<string?> setting, Policy? agent) in players)
        {
            if (agent is not null)
            {
                checks.RequireAgent(setting.Flag, agent);
            }
        }

        if (others.OtherGame is { } game)
        {
            checks.RequireAdaptable(OtherGame.Flag, game);
        }
    }

    private static SnoopingRows Play(CommandContext context, SnoopingRun run, Inputs inputs)
    {
        var rows = new SnoopingRows(
            run, inputs.Proxies, inputs.Others, row => context.Terminal.Note(
            $"{row.Attack}{(row.Defense.Length > 0 ? $" ({row.Defense})" : "")}, epsilon {row.Epsilon:G3}: "
            + $"{row.MeanReturn:F2}"));
        rows.AddClean();
        foreach (double epsilon in context.Get(Epsilons))
        {
            rows.Add(epsilon, inputs.Attacks);
            if (context.Get(AdversarySteps) is > 0 and var steps)
            {
                rows.AddAdversary(epsilon, steps);
            }

            if (context.Get(Timing) is { } rate)
            {
                rows.AddTimed(epsilon, rate, inputs.Log!);
            }
        }

        return rows;
    }

    private static SnoopingRunOptions Options(CommandContext context)
    {
        IReadOnlyList<string> agents = context.Get(SnoopingSettings.Agents);
        if (context.Get(DefenseBits) is > MaxBits and int bits)
        {
            throw ToolException.Usage(
                $"rl report: --defense-bits is out of range (got {bits}, expected 1 to {MaxBits})");
        }

        return agents.Count == 0 ? throw ToolException.Usage("rl report: --agent is missing") : new SnoopingRunOptions
        {
            Environment = context.Require(RlSettings.Environment),
            EnvironmentOptions = SnoopingSettings.EnvironmentOptions(context),
            Victims = [.. agents.Select(ModelSource.RequireFile).Select(PolicyFile.Load)],
            Episodes = context.Get(RlSettings.Episodes), Seed = context.Get(Seed),
            Mode = context.Get(Mode) is "whole" ? StackMode.WholeStack : StackMode.PerFrame,
            Precision = context.Get(Precision) is "uint8" ? ChannelPrecision.UInt8 : ChannelPrecision.Float32,
            DefenseBits = context.Get(DefenseBits), Time = context.Time,
            Cancel = context.Cancel,
        };
    }

    /// <summary>Loads the detector and calibrates it on the log.</summary>
    private static PerturbationDetector? DetectorOf(CommandContext context, IStateLog? log, SnoopingChecks checks)
    {
        if (context.Get(Detector) is not { } file)
        {
            return null;
        }

        if (log is null || context.Get(Mode) is "whole")
        {
            throw ToolException.Usage(
                "rl report: --detector needs --log, and works on single frames (not with --stack whole)");
        }

        Proxy predictor = Proxy.Load(ModelSource.RequireFile(file));
        checks.Require(Detector.Flag, predictor.Stream);
        return PerturbationDetector.Calibrate(predictor, log);
    }

    /// <summary>The files of a report, and the names of the attacks that use the proxies.</summary>
    /// <param name="Proxies">Proxies trained on a log; may be empty.</param>
    /// <param name="Others">Independently trained agents.</param>
    /// <param name="Log">Log for timing and the detector; null: none.</param>
    /// <param name="Attacks">Names of the attacks.</param>
    private sealed record Inputs(
        IReadOnlyList<Proxy> Proxies, OtherAgents Others, IStateLog? Log, IReadOnlyList<string> Attacks);
}
