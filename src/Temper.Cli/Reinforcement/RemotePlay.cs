using System.Net;
using Temper.Cli.CommandLine;
using Temper.Reinforcement.Bridges;
using Temper.Reinforcement.Environments;

namespace Temper.Cli.Reinforcement;

/// <summary>
/// Environments in other processes, given by an address: <c>tcp://</c>, <c>ws://</c>, <c>http://</c>, <c>godot://</c>.
/// </summary>
internal static class RemotePlay
{
    internal static bool IsAddress(string name) => name.Contains("://", StringComparison.Ordinal);

    /// <summary>
    /// Connects to an environment, or waits for a Godot game to connect. The caller must dispose the result.
    /// </summary>
    internal static IEnvironment Connect(string address, CommandContext context)
    {
        RequireLocal(context, RlSettings.Sticky, RlSettings.FrameSkip, RlSettings.AllActions);
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Port <= 0)
        {
            throw Unusable(address);
        }

        return uri.Scheme switch
        {
            "tcp" => RemoteEnvironment.Connect(new DnsEndPoint(uri.Host, uri.Port), cancel: context.Cancel),
            "ws" or "http" => OpenEnvEnvironment.Connect(uri),
            "godot" when IPAddress.TryParse(uri.Host, out IPAddress? host) =>
                GodotEnvironment.Listen(new BridgeListener { Address = host, Port = uri.Port }, context.Cancel),
            _ => throw Unusable(address),
        };
    }

    /// <summary>Throws if a setting is given that only the process with the environment can apply.</summary>
    private static void RequireLocal(CommandContext context, params Setting[] settings)
    {
        if (settings.FirstOrDefault(context.Values.IsGiven) is { } setting)
        {
            throw ToolException.Usage($"rl play: {setting.Flag} does not apply to an environment in another process; "
                + "give it to the process that serves it (temper rl serve-env)");
        }
    }

    private static ToolException Unusable(string address) =>
        ToolException.Usage($"--env: cannot be used (got '{address}', expected a name, or tcp://HOST:PORT, "
            + "ws://HOST:PORT, http://HOST:PORT or godot://127.0.0.1:11008)");
}
