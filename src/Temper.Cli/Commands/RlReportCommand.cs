using System.Globalization;
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

    private static readonly Setting<double[]> Epsilons = Setting.Numbers(
        "epsilon", "Maximum perturbations of a value, in units of the observation", [0.02, 0.05, 0.1], minimum: 0);

    private static readonly Setting<IReadOnlyList<string>> Attacks =
        Setting.List("attack", "fgsm, pgd, mi-fgsm or guided-cw; several: give it several times; without it fgsm");

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
        Setting.OptionalText("output", "Folder for report.html");

    private static readonly Setting<ulong> Seed = Setting.Seed();

    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        RlSettings.Environment, SnoopingSettings.Agents, Proxies, SameMethod, OtherMethod, Epsilons, Attacks, Mode,
        Precision, DefenseBits, Timing, Detector, SnoopingSettings.Log,
        RlSettings.Episodes, Folder, Seed, RlSettings.Sticky, RlSettings.StepLimit, RlSettings.FrameSkip,
    ];

    internal override int Run(CommandContext context)
    {
        context.RefuseUnused(
            $"a report without {Proxies.Flag}", context.Get(Proxies).Count > 0 ? [] : [Attacks, Timing]);
        SnoopingRunOptions options = Options(context);
        Inputs inputs = Load(context);
        var run = new SnoopingRun(options);
        Check(context, run, inputs);
        options = options with { Detector = DetectorOf(context, inputs.Log, run) };
        if (context.Get(Folder) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        run = new SnoopingRun(options);
        SnoopingRows rows = Play(context, run, inputs);
        var table = new SnoopingTable(
            rows.Rows, run.RandomReturn(), Conditions(options, run.StreamOf(options.Victims[0]), inputs.Proxies));
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

    private static Inputs Load(CommandContext context)
    {
        IStateLog? log = context.Get(SnoopingSettings.Log) is { } file ? SnoopLogFile.Load(file) : null;
        return context.Get(Timing) is not null && log is null
            ? throw ToolException.Usage("rl report: --timing needs --log, whose frames set its thresholds")
            : new Inputs(
                [.. context.Get(Proxies).Select(Proxy.Load)], Agent(SameMethod), Agent(OtherMethod), log,
                context.Get(Attacks) is { Count: > 0 } named ? named : ["fgsm"]);

        Policy? Agent(Setting<string?> setting) =>
            context.Get(setting) is { } path ? PolicyFile.Load(path) : null;
    }

    /// <summary>
    /// Throws a usage error for everything that can be known before the first episode: the rows played before an error
    /// would be lost.
    /// </summary>
    private static void Check(CommandContext context, SnoopingRun run, Inputs inputs)
    {
        bool isTimed = context.Get(Timing) is not null;
        SnoopingRows.Check(inputs.Attacks, inputs.Proxies, isTimed);
        run.RequireBounds(inputs.Attacks);
        foreach ((string file, Proxy proxy) in context.Get(Proxies).Zip(inputs.Proxies))
        {
            run.RequireStack($"{Proxies.Flag} {file}", proxy.Stream);
        }

        if (inputs.SameMethod is { } same)
        {
            run.RequireAgent(SameMethod.Flag, same);
        }

        if (inputs.OtherMethod is { } other)
        {
            run.RequireAgent(OtherMethod.Flag, other);
        }

        if (inputs.Log is { } log)
        {
            run.Require(SnoopingSettings.Log.Flag, log.Stream);
            if (isTimed)
            {
                // The proxy that scores the log's frames takes the victims' stacks.
                run.RequireStack(SnoopingSettings.Log.Flag, log.Stream);
            }
        }

        foreach (string line in SnoopingRows.Skipped(inputs.Attacks, inputs.Proxies))
        {
            context.Terminal.Note(line);
        }
    }

    private static SnoopingRows Play(CommandContext context, SnoopingRun run, Inputs inputs)
    {
        var rows = new SnoopingRows(
            run, inputs.Proxies, (inputs.SameMethod, inputs.OtherMethod), row => context.Terminal.Note(
            $"{row.Attack}{(row.Defense.Length > 0 ? $" ({row.Defense})" : "")}, epsilon {row.Epsilon:G3}: "
            + $"{row.MeanReturn:F2}"));
        rows.AddClean();
        foreach (double epsilon in context.Get(Epsilons))
        {
            rows.Add(epsilon, inputs.Attacks);
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
            Victims = [.. agents.Select(PolicyFile.Load)],
            Episodes = context.Get(RlSettings.Episodes), Seed = context.Get(Seed),
            Mode = context.Get(Mode) is "whole" ? StackMode.WholeStack : StackMode.PerFrame,
            Precision = context.Get(Precision) is "uint8" ? ChannelPrecision.UInt8 : ChannelPrecision.Float32,
            DefenseBits = context.Get(DefenseBits), Time = context.Time,
            Cancel = context.Cancel,
        };
    }

    /// <summary>Loads the detector and calibrates it on the log.</summary>
    private static PerturbationDetector? DetectorOf(CommandContext context, IStateLog? log, SnoopingRun run)
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

        Proxy predictor = Proxy.Load(file);
        run.Require(Detector.Flag, predictor.Stream);
        return PerturbationDetector.Calibrate(predictor, log);
    }

    /// <summary>The conditions under which the figures were measured.</summary>
    private static KeyValuePair<string, string>[] Conditions(
        SnoopingRunOptions options, StreamInfo stream, IReadOnlyList<Proxy> proxies)
    {
        float? sticky = options.EnvironmentOptions.Sticky ?? options.Victims[0].Options.Sticky;
        return
        [
            new("environment", options.Environment),
            new("victims", $"{options.Victims.Count}, {Plural.Of(options.Episodes, "episode")} each"),
            new("changed", options.Mode == StackMode.PerFrame
                ? "each frame once, as it crosses the channel"
                : "the whole stack at each step"),
            new("channel", options.Precision == ChannelPrecision.UInt8 ? "8 bits per number" : "float32"),
            new("observations",
                $"{stream.FrameShape}, {Plural.Of(stream.Frames, "frame")}, {StreamBounds.Text(stream)}"),
            new("rounding defense", StreamBounds.AreKnown(stream)
                ? Plural.Of(options.DefenseBits, "bit")
                : "not used: the observations have no bounds"),
            new("sticky actions", sticky?.ToString(CultureInfo.InvariantCulture) ?? "environment default"),
            .. proxies.Select((proxy, i) => new KeyValuePair<string, string>(
                $"proxy {i + 1}", $"{proxy.Task} under {proxy.Threat}, {Plural.Of(proxy.Steps, "step")} of "
                    + $"{proxy.Stream.Source}, {proxy.FidelityName} {proxy.Fidelity:F3}")),
            .. proxies.Count > 0
                ? Array.Empty<KeyValuePair<string, string>>()
                : [new("proxies", "none: only the baselines were measured")],
        ];
    }

    /// <summary>The files of a report, and the names of the attacks that use the proxies.</summary>
    /// <param name="Proxies">Proxies trained on a log; may be empty.</param>
    /// <param name="SameMethod">An independent agent of the same method; null: none.</param>
    /// <param name="OtherMethod">An agent of another method; null: none.</param>
    /// <param name="Log">Log for timing and the detector; null: none.</param>
    /// <param name="Attacks">Names of the attacks.</param>
    private sealed record Inputs(
        IReadOnlyList<Proxy> Proxies, Policy? SameMethod, Policy? OtherMethod, IStateLog? Log,
        IReadOnlyList<string> Attacks);
}
