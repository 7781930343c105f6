using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
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
        Setting.List("proxy", "Proxy file written by temper rl snoop; may be repeated");

    private static readonly Setting<string?> Other = Setting.OptionalText(
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
        RlSettings.Environment, SnoopingSettings.Agents, Proxies, Other, OtherMethod, Epsilons, Attacks, Mode,
        Precision, DefenseBits, Timing, Detector, SnoopingSettings.Log,
        RlSettings.Episodes, Folder, Seed, RlSettings.Sticky, RlSettings.StepLimit, RlSettings.FrameSkip,
    ];

    internal override int Run(CommandContext context)
    {
        SnoopingRunOptions options = Options(context);
        IReadOnlyList<Proxy> proxies = [.. context.Get(Proxies).Select(Proxy.Load)];
        IStateLog? log = context.Get(SnoopingSettings.Log) is { } file ? SnoopLogFile.Load(file) : null;
        if (proxies.Count == 0 || (context.Get(Timing) is not null && log is null))
        {
            throw ToolException.Usage(proxies.Count == 0
                ? "rl report: --proxy is missing (see temper rl snoop)"
                : "rl report: --timing needs --log, whose frames set its thresholds");
        }

        IReadOnlyList<string> attacks = context.Get(Attacks) is { Count: > 0 } named ? named : ["fgsm"];
        options = options with { Detector = DetectorOf(context, log, new SnoopingRun(options)) };
        SnoopingRows.Check(attacks, proxies, isTimed: context.Get(Timing) is not null);
        foreach (string line in SnoopingRows.Skipped(attacks, proxies))
        {
            context.Terminal.Note(line);
        }

        if (context.Get(Folder) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        var run = new SnoopingRun(options);
        var rows = new SnoopingRows(
            run, proxies, (Load(context, Other), Load(context, OtherMethod)), row => context.Terminal.Note(
            $"{row.Attack}{(row.Defense.Length > 0 ? $" ({row.Defense})" : "")}, epsilon {row.Epsilon:0.###}: "
            + $"{row.MeanReturn:F2}"));
        rows.AddClean();
        foreach (double epsilon in context.Get(Epsilons))
        {
            rows.Add(epsilon, attacks);
            if (context.Get(Timing) is { } rate)
            {
                rows.AddTimed(epsilon, rate, log!);
            }
        }

        var table = new SnoopingTable(rows.Rows, run.RandomReturn(), Conditions(options, proxies));
        if (context.Get(Folder) is { } output)
        {
            var report = new Report
            {
                Title = $"Snooping on {options.Environment}",
                Subtitle = $"temper rl report, {options.Victims.Count} victims",
                Sections = [table.ToSection(), .. rows.Pictures(context.Get(Epsilons).Max(), attacks)],
            };
            report.Save(Path.Combine(output, "report.html"));
        }

        Tell(context, table);
        return ExitCode.Success;
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

    /// <summary>Loads the detector, and checks that it and the log are of the victims' stream format.</summary>
    private static PerturbationDetector? DetectorOf(CommandContext context, IStateLog? log, SnoopingRun run)
    {
        if (log is not null)
        {
            run.Require(SnoopingSettings.Log.Flag, log.Stream);
        }

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

    private static Policy? Load(CommandContext context, Setting<string?> setting) =>
        context.Get(setting) is { } file ? PolicyFile.Load(file) : null;

    /// <summary>The conditions under which the figures were measured.</summary>
    private static KeyValuePair<string, string>[] Conditions(SnoopingRunOptions options, IReadOnlyList<Proxy> proxies)
    {
        StreamInfo stream = new SnoopingRun(options).StreamOf(options.Victims[0]);
        float? sticky = options.EnvironmentOptions.Sticky ?? options.Victims[0].Options.Sticky;
        return
        [
            new("environment", options.Environment),
            new("victims", $"{options.Victims.Count}, {options.Episodes} episodes each"),
            new("changed", options.Mode == StackMode.PerFrame
                ? "each frame once, as it crosses the channel"
                : "the whole stack at each step"),
            new("channel", options.Precision == ChannelPrecision.UInt8 ? "8 bits per number" : "float32"),
            new("observations", $"{stream.FrameShape}, {stream.Frames} frames, {stream.Minimum} to {stream.Maximum}"),
            new("rounding defense", SnoopingRun.CanRound(stream)
                ? $"{options.DefenseBits} bits"
                : "not used: the observations have no bounds"),
            new("sticky actions", sticky?.ToString(CultureInfo.InvariantCulture) ?? "environment default"),
            .. proxies.Select((proxy, i) => new KeyValuePair<string, string>(
                $"proxy {i + 1}", $"{proxy.Task} under {proxy.Threat}, {proxy.Steps:N0} steps of "
                    + $"{proxy.Stream.Source}, {proxy.FidelityName} {proxy.Fidelity:F3}")),
        ];
    }

    private void Tell(CommandContext context, SnoopingTable table)
    {
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["complete"] = table.Missing.Count == 0, ["missing"] = new JsonArray(
                    [.. table.Missing.Select(baseline => (JsonNode)SnoopingTable.Name(baseline))]),
                ["conditions"] = new JsonObject(table.Conditions.Select(
                    condition => KeyValuePair.Create(condition.Key, (JsonNode?)condition.Value))),
                ["random_return"] = table.RandomReturn,
                ["rows"] = new JsonArray([.. table.Rows.Select(row => (JsonNode)Fields(table, row))]),
            });
            return;
        }

        var result = new ResultTable($"{table.Rows[0].Episodes} episodes per row; mean return of random play "
            + $"{table.RandomReturn:F2}", "attack", "defense", "#epsilon", "#mean return", "#95 % interval", "#drop");
        foreach (SnoopingRow row in table.Rows)
        {
            result.Row(
                row.Attack, row.Defense, $"{row.Epsilon:0.###}", $"{row.MeanReturn:F2}",
                $"{row.Interval.Low:F2} to {row.Interval.High:F2}", $"{table.Drop(row) * 100:F0} %");
        }

        result.Write(context.Terminal);
        if (table.Missing.Count > 0)
        {
            Console.Out.WriteLine($"incomplete: lacks {string.Join(", ", table.Missing.Select(SnoopingTable.Name))}");
        }
    }

    private static JsonObject Fields(SnoopingTable table, SnoopingRow row) => new()
    {
        ["attack"] = row.Attack, ["defense"] = row.Defense, ["epsilon"] = row.Epsilon, ["mean_return"] = row.MeanReturn,
        ["interval"] = new JsonArray(row.Interval.Low, row.Interval.High), ["episodes"] = row.Episodes,
        ["drop"] = JsonResult.Number(table.Drop(row)),
        ["attacked_frames"] = row.AttackedFrames, ["alarms"] = JsonResult.Number(row.Alarms),
        ["milliseconds_per_frame"] = JsonResult.Number(row.MillisecondsPerFrame), ["no_operation"] = row.IsNoOperation,
        ["half_epsilon"] = table.HalfEpsilon(row.Attack) is { } half ? half : null,
    };
}
