using System.Net;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Serves environments over TCP with Temper's own protocol; each connection gets its own environment.
/// </summary>
public sealed class EnvironmentServer : IAsyncDisposable
{
    private readonly TcpHost _host;

    private EnvironmentServer(TcpHost host) => _host = host;

    /// <summary>Address and port the server listens on.</summary>
    public IPEndPoint EndPoint => _host.EndPoint;

    /// <summary>Number of open connections.</summary>
    public int Connections => _host.Connections;

    /// <summary>Starts a server.</summary>
    /// <param name="create">
    /// Creates an environment for each connection; it is disposed when the connection ends, if it can be.
    /// </param>
    /// <param name="listener">Address and limits.</param>
    /// <exception cref="BridgeException">The server cannot listen on the address.</exception>
    /// <exception cref="ArgumentException">A limit is out of range.</exception>
    public static EnvironmentServer Start(Func<IEnvironment> create, BridgeListener listener) =>
        new(TcpHost.Start(listener, async (connection, cancel) =>
    {
        IEnvironment environment = create();
        using var owned = environment as IDisposable;
        await ServeAsync(connection, new ServedEpisode(environment), listener.Limits, cancel).ConfigureAwait(false);
    }));

    /// <summary>Closes all connections and stops listening.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static async Task ServeAsync(
        FrameConnection agent, ServedEpisode episode, BridgeLimits limits, CancellationToken cancel)
    {
        await agent.WriteAsync(WireProtocol.HelloOf(episode.Spec), cancel).ConfigureAwait(false);
        float[] action = new float[episode.Spec.Actions.Dimensions];
        while (await agent.ReadAsync(limits.IdleTimeout, cancel).ConfigureAwait(false) is { } message
            && message.Span[0] != WireProtocol.Close)
        {
            try
            {
                await agent.WriteAsync(Answer(message.Span, episode, action, agent.Peer), cancel).ConfigureAwait(false);
            }
            catch (BridgeException error)
            {
                await agent.WriteAsync(WireProtocol.ErrorOf(error.Message), cancel).ConfigureAwait(false);
                throw;
            }
        }
    }

    private static byte[] Answer(ReadOnlySpan<byte> message, ServedEpisode episode, float[] action, string peer)
    {
        switch (message[0])
        {
            case WireProtocol.Reset:
                episode.Reset(WireProtocol.ReadReset(message, peer));
                return WireProtocol.ObservationOf(episode.Observation, default);
            case WireProtocol.Step:
                int index = WireProtocol.ReadStep(message, episode.Spec.Actions, action, peer);
                StepOutcome outcome = episode.Step(episode.Spec.Actions.IsDiscrete ? index : new AgentAction(action));
                return WireProtocol.ObservationOf(episode.Observation, outcome);
            default:
                throw new BridgeException($"{peer}: unknown message type (got {message[0]}, expected "
                    + $"{WireProtocol.Reset}, {WireProtocol.Step} or {WireProtocol.Close})");
        }
    }
}
