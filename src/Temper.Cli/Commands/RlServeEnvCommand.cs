using System.Net;
using Temper.Cli.CommandLine;
using Temper.Cli.Reinforcement;
using Temper.Cli.Snooping;
using Temper.Reinforcement.Bridges;
using Temper.Reinforcement.Environments;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary><c>temper rl serve-env</c>: serves an environment to agents in other processes.</summary>
internal sealed class RlServeEnvCommand()
    : ToolCommand("rl serve-env", "Serve an environment to agents in other processes until SIGTERM or Ctrl-C")
{
    private static readonly Setting<string?> Connect = Setting.OptionalText(
        "connect",
        "godot: connect to the trainer at this host and port, such as 127.0.0.1:11008, as a Godot game does, instead "
            + "of listening");

    private static readonly Setting<ulong> Seed = Setting.Seed();

    internal override string StopNote => "stopping: closing the connections";

    internal override IReadOnlyList<Setting> Settings { get; } =
        [
            RlSettings.Environment, .. BridgeSettings.All, Connect, Seed, RlSettings.Sticky, RlSettings.StepLimit,
            RlSettings.FrameSkip, RlSettings.AllActions,
        ];

    internal override int Run(CommandContext context)
    {
        context.HandleSignals();
        RequireUsed(context);
        string name = context.Require(RlSettings.Environment);
        EnvironmentOptions options = RlSettings.Options(context);
        _ = EnvironmentCatalog.Create(name, options);
        BridgeListener listener = BridgeSettings.Listener(context);
        Serve(context, () => EnvironmentCatalog.Create(name, options), listener).GetAwaiter().GetResult();
        return ExitCode.Success;
    }

    /// <summary>Throws if a setting is given that the protocol would ignore.</summary>
    private static void RequireUsed(CommandContext context)
    {
        string protocol = context.Get(BridgeSettings.Protocol);
        context.RefuseUnused($"the protocol {protocol}", protocol switch
        {
            // Every reset of Temper's own protocol brings its seed.
            BridgeSettings.Own => [Connect, Seed],
            BridgeSettings.OpenEnv => [Connect],
            _ => [BridgeSettings.Host, BridgeSettings.Port, BridgeSettings.MaxConnections],
        });
    }

    private static async Task Serve(CommandContext context, Func<IEnvironment> create, BridgeListener listener)
    {
        switch (context.Get(BridgeSettings.Protocol))
        {
            case BridgeSettings.Own:
                EnvironmentServer own = EnvironmentServer.Start(create, listener);
                await using (own.ConfigureAwait(false))
                {
                    await Wait(context, $"tcp://{own.EndPoint}").ConfigureAwait(false);
                }

                break;
            case BridgeSettings.OpenEnv:
                OpenEnvServer server =
                    await OpenEnvServer.StartAsync(create, listener, context.Get(Seed), context.Cancel)
                        .ConfigureAwait(false);
                await using (server.ConfigureAwait(false))
                {
                    await Wait(context, server.Address.ToString().TrimEnd('/')).ConfigureAwait(false);
                }

                break;
            default:
                DnsEndPoint trainer = BridgeSettings.Peer(context.Require(Connect), Connect.Flag);
                long steps = await GodotGame.RunAsync(
                    create(), trainer, context.Get(Seed), listener.Limits, context.Cancel).ConfigureAwait(false);
                await Console.Out.WriteLineAsync($"played {Plural.Of(steps, "step")}").ConfigureAwait(false);
                break;
        }
    }

    private static async Task Wait(CommandContext context, string address)
    {
        await Console.Out.WriteLineAsync($"serving {address}").ConfigureAwait(false);
        await BridgeSettings.Stopped(context.Cancel).ConfigureAwait(false);
    }
}
