using System.Globalization;
using System.Net;
using Temper.Cli.CommandLine;
using Temper.Reinforcement.Bridges;

namespace Temper.Cli.Snooping;

/// <summary>Settings shared by the commands that communicate with other processes.</summary>
internal static class BridgeSettings
{
    internal const string Own = "temper", OpenEnv = "openenv", Godot = "godot";
    private const int LargestPort = 65_535, LargestMessage = 1024;

    internal static Setting<string> Protocol { get; } = Setting.Choice(
        "protocol", "temper (TCP), openenv (HTTP and WebSocket) or godot (Godot RL Agents)", Own, Own, OpenEnv, Godot);

    internal static Setting<string> Host { get; } =
        Setting.Text("host", "Address to listen on; any other than loopback is reachable from other machines",
            "127.0.0.1");

    internal static Setting<int> Port { get; } =
        Setting.Integer("port", "Port to listen on; 0 = any free port", defaultValue: 0, minimum: 0);

    internal static Setting<double> Timeout { get; } = Setting.Number(
        "timeout", "Seconds to wait for a complete message, or for a reply", defaultValue: 10, minimum: 0.01,
        maximum: 86400);

    internal static Setting<double> Idle { get; } = Setting.Number(
        "idle", "Seconds without a message after which a connection is closed", defaultValue: 600, minimum: 0.01,
        maximum: 864000);

    internal static Setting<int> MaxMessage { get; } =
        Setting.Integer("max-message-mib", "Maximum size of a message, in MiB", defaultValue: 16);

    internal static Setting<int> MaxConnections { get; } =
        Setting.Integer("max-connections", "Maximum number of connections; further ones are closed", defaultValue: 64);

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Protocol, Host, Port, Timeout, Idle, MaxMessage, MaxConnections,
    ];

    internal static BridgeListener Listener(CommandContext context)
    {
        if (!IPAddress.TryParse(context.Get(Host), out IPAddress? address))
        {
            throw ToolException.Usage(
                $"{Host.Flag}: cannot be used (got '{context.Get(Host)}', expected an IP address, such as 127.0.0.1)");
        }

        RequireAtMost(context, Port, minimum: 0, LargestPort);
        RequireAtMost(context, MaxMessage, minimum: 1, LargestMessage);
        if (!IPAddress.IsLoopback(address))
        {
            context.Terminal.Note($"warning: anyone who can reach {address} can connect; the protocols have neither "
                + "authentication nor encryption");
        }

        return new BridgeListener
        {
            Address = address, Port = context.Get(Port), Log = line => context.Terminal.Note(line),
            Limits = new BridgeLimits
            {
                FrameTimeout = TimeSpan.FromSeconds(context.Get(Timeout)),
                IdleTimeout = TimeSpan.FromSeconds(context.Get(Idle)),
                MaxFrameBytes = context.Get(MaxMessage) << 20, MaxConnections = context.Get(MaxConnections),
            },
        };
    }

    private static void RequireAtMost(CommandContext context, Setting<int> setting, int minimum, int maximum)
    {
        if (context.Get(setting) is var value && value > maximum)
        {
            throw ToolException.Usage(
                $"{setting.Flag}: cannot be used (got '{value}', expected a whole number from {minimum} to {maximum})");
        }
    }

    /// <summary>Parses a host and a port.</summary>
    internal static DnsEndPoint Peer(string text, string flag)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= LargestPort
            ? new DnsEndPoint(text[..colon].Trim('[', ']'), port)
            : throw ToolException.Usage($"{flag}: cannot be used (got '{text}', expected HOST:PORT)");
    }

    /// <summary>The http address of a peer; an IPv6 address gets its brackets.</summary>
    internal static Uri AddressOf(DnsEndPoint peer) => new UriBuilder("http", peer.Host, peer.Port).Uri;

    /// <summary>Waits until the command is canceled.</summary>
    internal static Task Stopped(CancellationToken stop) =>
        Task.Delay(System.Threading.Timeout.Infinite, stop)
            .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
}
