using System.Net;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Snooping;
using Temper.Kernels;
using Temper.Randomness;
using Temper.Reinforcement.Bridges;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper rl bridge</c>: relays between an agent and its environment in other processes, records the traffic and
/// attacks it.
/// </summary>
internal sealed class RlBridgeCommand() : ToolCommand(
    "rl bridge", "Relay between an agent and its environment in other processes: record what passes, and attack it")
{
    private static readonly Setting<string?> Connect = Setting.OptionalText(
        "connect", "Host and port of the environment; godot: of the trainer, because games connect to their trainer");

    private static readonly Setting<IReadOnlyList<string>> Proxies = Setting.List(
        "proxy", "Proxy file written by temper rl snoop, whose gradients perturb the observations; may be repeated");

    private static readonly Setting<string> Attack = Setting.Choice(
        "attack", "fgsm, pgd, mi-fgsm, guided-cw, random-sign or uniform-noise; the last two need no proxy", "fgsm",
        AttackNames.All);

    private static readonly Setting<double> Epsilon =
        Setting.Number("epsilon", "Maximum perturbation of a value, in units of the observation", defaultValue: 0.05);

    private static readonly Setting<string> Precision =
        Setting.Choice("precision", "Precision of the observation channel: float32 or uint8", "float32", "float32",
            "uint8");

    private static readonly Setting<string?> ObservationField =
        Setting.OptionalText("observation-field", "openenv: field of an observation that holds its numbers");

    private static readonly Setting<string> ActionField =
        Setting.Text("action-field", "openenv: field of an action that holds its index", "action_id");

    private static readonly Setting<int> Actions = Setting.Integer(
        "actions", "openenv: number of actions; 0 = the length of legal_actions in an observation", defaultValue: 0,
        minimum: 0);

    private static readonly Setting<double> Scale = Setting.Number(
        "scale", "openenv: divisor of the numbers of an observation, such as 255 for gray levels; unless it is 1, "
            + "relayed numbers are rounded to integers", defaultValue: 1, minimum: 1e-6);

    private static readonly Setting<double[]> Bounds = Setting.Numbers(
        "bounds", "openenv, godot: smallest and largest value of an observation, such as 0,1; when not given, "
            + "observations are not bounded", []);

    private static readonly Setting<ulong> Seed = Setting.Seed();

    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        .. BridgeSettings.All, Connect, SnoopingSettings.Output, SnoopingSettings.Threat, SnoopingSettings.Steps,
        Proxies, Attack, Epsilon, Precision,
        ObservationField, ActionField, Actions, Scale, Bounds, Seed,
    ];

    internal override int Run(CommandContext context)
    {
        BridgeListener listener = BridgeSettings.Listener(context);
        DnsEndPoint behind = BridgeSettings.Peer(context.Require(Connect), Connect.Flag);

        // Checked before waiting: temper and godot use the bounds only when a peer connects.
        _ = BoundsOf(context);
        Proxy[] proxies = [.. context.Get(Proxies).Select(Proxy.Load)];
        string? output = context.Get(SnoopingSettings.Output);
        bool isAttack = proxies.Length > 0 || context.Values.IsGiven(Attack);
        if (output is null && !isAttack)
        {
            throw ToolException.Usage("rl bridge: there is nothing to do; give --output to record, --proxy (or "
                + "--attack random-sign) to attack, or both");
        }

        ObservationAttack attack = AttackNames.Create(context.Get(Attack), context.Get(Epsilon)) with
        {
            Precision = context.Get(Precision) is "uint8" ? ChannelPrecision.UInt8 : ChannelPrecision.Float32,
        };
        if (isAttack && attack is GradientSign or GuidedFrame && proxies.Length == 0)
        {
            throw ToolException.Usage(
                $"rl bridge: {attack.Name} needs a proxy (see temper rl snoop); give --proxy, or --attack random-sign");
        }

        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Cancel);
        var session = new Session(context, output is not null, isAttack ? attack : null, proxies, stop);
        Relay(context, listener, behind, session, stop.Token).GetAwaiter().GetResult();
        return session.Finish(Name, output);
    }

    private static async Task Relay(
        CommandContext context, BridgeListener listener, DnsEndPoint behind, Session session, CancellationToken stop)
    {
        switch (context.Get(BridgeSettings.Protocol))
        {
            case BridgeSettings.Own:
                EnvironmentRelay own = EnvironmentRelay.Start(listener, behind, session.Tap);
                await using (own.ConfigureAwait(false))
                {
                    await Wait(context, $"tcp://{own.EndPoint}", stop).ConfigureAwait(false);
                }

                break;
            case BridgeSettings.Godot:
                GodotRelay godot = GodotRelay.Start(listener, behind, session.Tap);
                await using (godot.ConfigureAwait(false))
                {
                    await Wait(context, $"{godot.EndPoint}", stop).ConfigureAwait(false);
                }

                break;
            default:
                (float minimum, float maximum) = BoundsOf(context);
                var format = new OpenEnvFormat
                {
                    ObservationField = context.Get(ObservationField), ActionField = context.Get(ActionField),
                    Actions = context.Get(Actions), Scale = (float)context.Get(Scale),
                    Minimum = minimum, Maximum = maximum,
                };
                OpenEnvRelay open = await OpenEnvRelay.StartAsync(
                    listener, BridgeSettings.AddressOf(behind), format, session.Tap, stop)
                    .ConfigureAwait(false);
                await using (open.ConfigureAwait(false))
                {
                    await Wait(context, open.Address.ToString().TrimEnd('/'), stop).ConfigureAwait(false);
                }

                break;
        }
    }

    private static (float Minimum, float Maximum) BoundsOf(CommandContext context) => context.Get(Bounds) switch
    {
        [] => (float.NegativeInfinity, float.PositiveInfinity),
        [double low, double high] when low < high => ((float)low, (float)high),
        var other => throw ToolException.Usage($"rl bridge: --bounds cannot be used (got {string.Join(',', other)}, "
            + "expected two numbers, the smaller one first)"),
    };

    private static async Task Wait(CommandContext context, string address, CancellationToken stop)
    {
        context.Terminal.Note($"listening on {address}");
        await BridgeSettings.Stopped(stop).ConfigureAwait(false);
    }

    /// <summary>Recordings and attacks of one bridge session.</summary>
    private sealed class Session
    {
        private readonly CommandContext _context;
        private EpisodeRecorder? _recorder;
        private ObservationAttacker? _attacker;
        private AttackingChannel? _attacking;

        internal Session(
            CommandContext context, bool isRecorded, ObservationAttack? attack, IReadOnlyList<Proxy> proxies,
            CancellationTokenSource stop)
        {
            _context = context;
            Tap = new BridgeTap(spec => Open(spec, isRecorded, attack, proxies, stop));
        }

        internal BridgeTap Tap { get; }

        internal int Finish(string command, string? output)
        {
            int steps = 0;
            if (output is not null)
            {
                IStateLog log = _recorder?.ToLog() is { Count: > 0 } kept ? kept : throw new ToolException(
                    ExitCode.Missing,
                    "rl bridge: no messages arrived, so no log was written; check that the agent connects to the "
                        + "bridge");
                SnoopLogFile.Save(log, output);
                steps = log.Count;
            }

            double milliseconds = AttackingChannel.Median(_attacking is null ? [] : [.. _attacking.Milliseconds]);
            if (_context.IsJson)
            {
                JsonResult.Write(command, new JsonObject
                {
                    ["observations"] = Tap.Observations, ["attacked"] = _attacker?.Attacked ?? 0,
                    ["milliseconds_per_frame"] = JsonResult.Number(milliseconds),
                    ["steps"] = steps, ["output"] = output,
                });
            }
            else
            {
                string time = double.IsNaN(milliseconds) ? "" : $" in {milliseconds:F3} ms each";
                string written = output is null ? "" : $"; {output}: {steps:N0} steps";
                Console.Out.WriteLine($"{Tap.Observations:N0} observations passed, {_attacker?.Attacked ?? 0:N0} "
                    + $"changed{time}{written}");
            }

            return ExitCode.Success;
        }

        private BridgeChannel Open(
            EnvironmentSpec spec, bool isRecorded, ObservationAttack? attack, IReadOnlyList<Proxy> proxies,
            CancellationTokenSource stop)
        {
            ThreatModel threat = ThreatModels.Parse(_context.Get(SnoopingSettings.Threat));
            (float minimum, float maximum) =
                float.IsFinite(spec.Minimum) ? (spec.Minimum, spec.Maximum) : BoundsOf(_context);
            int frames = proxies.Count > 0 ? proxies[0].Stream.Frames : spec.Frames;
            var stream = new StreamInfo(spec.ObservationShape, frames, minimum, maximum, spec.Actions.Count, spec.Name);
            if (isRecorded && threat.HasActions() && !spec.Actions.IsDiscrete)
            {
                throw new BridgeException(
                    "rl bridge: continuous actions cannot be recorded; use the threat model s or sr");
            }

            if (isRecorded)
            {
                _recorder = new EpisodeRecorder(stream, threat, _context.Get(SnoopingSettings.Steps), () =>
                {
                    // A bridge that only records is done; a bridge that attacks continues.
                    if (attack is null)
                    {
                        stop.CancelAfter(TimeSpan.Zero);
                    }
                });
            }

            if (attack is not null)
            {
                _attacker = new ObservationAttacker(attack, proxies, stream, RandomStream.FromSeed(_context.Get(Seed)));
                _attacking = new AttackingChannel(_attacker, _context.Time);
            }

            return new BridgeChannel(_recorder, _attacking);
        }
    }
}
