using System.Net;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Snooping;
using Temper.Kernels;
using Temper.Reinforcement.Bridges;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Wording;

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
        "bounds", "Smallest and largest value of an observation, such as 0,1, if the environment does not give them; "
            + "when not given either, observations are not bounded", []);

    private static readonly Setting<ulong> Seed = Setting.Seed();

    internal override string StopNote => "stopping: closing the connections";

    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        .. BridgeSettings.All, Connect, SnoopingSettings.Output, SnoopingSettings.Threat, SnoopingSettings.Steps,
        Proxies, Attack, Epsilon, Precision,
        ObservationField, ActionField, Actions, Scale, Bounds, Seed,
    ];

    internal override int Run(CommandContext context)
    {
        context.HandleSignals();
        BridgeListener listener = BridgeSettings.Listener(context);
        DnsEndPoint upstream = BridgeSettings.Peer(context.Require(Connect), Connect.Flag);
        BridgeSessionOptions options = Options(context);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        var session = new BridgeSession(options);
        Relay(context, listener, upstream, session).GetAwaiter().GetResult();
        IStateLog? log = session.Result();
        string? output = context.Get(SnoopingSettings.Output);
        if (log is not null && output is not null)
        {
            SnoopLogFile.Save(log, output);
        }

        Tell(context, session, log?.Count ?? 0, output);
        return ExitCode.Success;
    }

    /// <summary>Reads the settings and the files of a session, before the bridge waits for a peer.</summary>
    private static BridgeSessionOptions Options(CommandContext context)
    {
        bool isRecorded = context.Get(SnoopingSettings.Output) is not null,
            hasProxy = context.Get(Proxies).Count > 0, isAttack = hasProxy || context.Values.IsGiven(Attack);
        if (!isRecorded && !isAttack)
        {
            throw ToolException.Usage("rl bridge: there is nothing to do; give --output to record, --proxy (or "
                + "--attack random-sign) to attack, or both");
        }

        RequireUsed(context, isRecorded, isAttack);
        ObservationAttack attack = AttackNames.Create(context.Get(Attack), context.Get(Epsilon)) with
        {
            Precision = context.Get(Precision) is "uint8" ? ChannelPrecision.UInt8 : ChannelPrecision.Float32,
        };
        if (isAttack && !hasProxy && attack is GradientSign or GuidedFrame)
        {
            throw ToolException.Usage(
                $"rl bridge: {attack.Name} needs a proxy (see temper rl snoop); give --proxy, or --attack random-sign");
        }

        Proxy[] proxies = [.. context.Get(Proxies).Select(ModelSource.RequireFile).Select(Proxy.Load)];
        RequireFit(attack, proxies);
        return new BridgeSessionOptions
        {
            Recorded = isRecorded ? ThreatModels.Parse(context.Get(SnoopingSettings.Threat)) : null,
            Steps = context.Get(SnoopingSettings.Steps), Attack = isAttack ? attack : null,
            Proxies = proxies, Bounds = BoundsOf(context),
            Seed = context.Get(Seed), Time = context.Time,
        };
    }

    /// <summary>
    /// Throws a usage error if the attack cannot use a proxy, which its file tells before an agent connects.
    /// </summary>
    private static void RequireFit(ObservationAttack attack, IReadOnlyList<Proxy> proxies)
    {
        if (attack is GuidedFrame && proxies.FirstOrDefault(proxy => proxy.Goal != ProxyGoal.Classes) is { } other)
        {
            throw ToolException.Usage($"rl bridge: {attack.Name} needs a proxy that predicts actions alone (got "
                + $"{other.Task}); use action-imitator, latent-imitator or offline-q, or another attack");
        }
    }

    /// <summary>Throws a usage error if a setting is given that this bridge would ignore.</summary>
    private static void RequireUsed(CommandContext context, bool isRecorded, bool isAttack)
    {
        string protocol = context.Get(BridgeSettings.Protocol), attack = context.Get(Attack);
        context.RefuseUnused($"the protocol {protocol}", protocol is BridgeSettings.OpenEnv
            ? []
            : [ObservationField, ActionField, Actions, Scale]);
        context.RefuseUnused("a bridge that does not attack", isAttack ? [] : [Epsilon, Precision, Seed]);
        context.RefuseUnused($"a bridge without {SnoopingSettings.Output.Flag}", isRecorded
            ? []
            : [SnoopingSettings.Threat, SnoopingSettings.Steps]);
        context.RefuseUnused($"{Attack.Flag} {attack}", AttackNames.OfProxies.Contains(attack, StringComparer.Ordinal)
            ? []
            : [Proxies]);
    }

    private static async Task Relay(
        CommandContext context, BridgeListener listener, DnsEndPoint upstream, BridgeSession session)
    {
        switch (context.Get(BridgeSettings.Protocol))
        {
            case BridgeSettings.Own:
                EnvironmentRelay own = EnvironmentRelay.Start(listener, upstream, session.Tap);
                await using (own.ConfigureAwait(false))
                {
                    await Wait(context, $"tcp://{own.EndPoint}", session.Ended).ConfigureAwait(false);
                }

                break;
            case BridgeSettings.Godot:
                GodotRelay godot = GodotRelay.Start(listener, upstream, session.Tap);
                await using (godot.ConfigureAwait(false))
                {
                    await Wait(context, $"{godot.EndPoint}", session.Ended).ConfigureAwait(false);
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
                    listener, BridgeSettings.AddressOf(upstream), format, session.Tap, context.Cancel)
                    .ConfigureAwait(false);
                await using (open.ConfigureAwait(false))
                {
                    await Wait(context, open.Address.ToString().TrimEnd('/'), session.Ended).ConfigureAwait(false);
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

    /// <summary>Waits until the command is canceled, or the session needs no more messages.</summary>
    private static async Task Wait(CommandContext context, string address, Task ended)
    {
        context.Terminal.Note($"listening on {address}");
        await Task.WhenAny(BridgeSettings.Stopped(context.Cancel), ended).ConfigureAwait(false);
    }

    private void Tell(CommandContext context, BridgeSession session, int steps, string? output)
    {
        double milliseconds = session.MillisecondsPerFrame;
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["observations"] = session.Tap.Observations, ["attacked"] = session.Attacked,
                ["milliseconds_per_frame"] = JsonResult.Number(milliseconds),
                ["steps"] = steps, ["output"] = output,
            });
            return;
        }

        string time = double.IsNaN(milliseconds) ? "" : $"; the attack takes {milliseconds:F3} ms per observation";
        string written = output is null ? "" : $"; {output}: {Plural.Of(steps, "step")}";
        Console.Out.WriteLine($"{Plural.Of(session.Tap.Observations, "observation")} passed, {session.Attacked:N0} "
            + $"changed{time}{written}");
    }
}
