using System.Net;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Man-in-the-middle relay for Temper's own protocol. Agents connect to the relay, and for each agent the relay
/// connects to the environment. All signals pass through a tap, which may record and change them.
/// </summary>
public sealed class EnvironmentRelay : IAsyncDisposable
{
    private readonly TcpHost _host;

    private EnvironmentRelay(TcpHost host) => _host = host;

    /// <summary>Address and port the relay listens on.</summary>
    public IPEndPoint EndPoint => _host.EndPoint;

    /// <summary>Number of connected agents.</summary>
    public int Connections => _host.Connections;

    /// <summary>Starts a relay.</summary>
    /// <param name="listener">Address that agents connect to, and limits.</param>
    /// <param name="environment">Host and port of the environment.</param>
    /// <param name="tap">Receives the signals and may change observations.</param>
    /// <exception cref="BridgeException">The relay cannot listen on the address.</exception>
    /// <exception cref="ArgumentException">A limit is out of range.</exception>
    public static EnvironmentRelay Start(BridgeListener listener, DnsEndPoint environment, BridgeTap tap) =>
        new(TcpHost.Start(listener, async (agent, cancel) =>
    {
        try
        {
            await RelayAsync(agent, environment, tap, listener.Limits, cancel).ConfigureAwait(false);
        }
        finally
        {
            tap.ConfirmFinish();
        }
    }));

    /// <summary>Closes all connections and stops listening.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static async Task RelayAsync(
        FrameConnection agent, DnsEndPoint environment, BridgeTap tap, BridgeLimits limits, CancellationToken cancel)
    {
        using FrameConnection upstream =
            await FrameConnection.ConnectAsync(environment, limits, cancel).ConfigureAwait(false);
        ReadOnlyMemory<byte> hello = await upstream.AnswerAsync(cancel).ConfigureAwait(false);
        EnvironmentSpec spec = WireProtocol.ReadHello(hello.Span, upstream.Peer);
        using BridgeTap.TapSlot slot = await OpenAsync(agent, tap, spec).ConfigureAwait(false);
        await agent.WriteAsync(hello, cancel).ConfigureAwait(false);
        float[] action = new float[spec.Actions.Dimensions], observation = new float[spec.ObservationShape.Count];
        while (!tap.IsFinishing
            && await agent.ReadAsync(limits.IdleTimeout, cancel).ConfigureAwait(false) is { } message)
        {
            byte kind = message.Span[0];
            int index =
                kind == WireProtocol.Step ? WireProtocol.ReadStep(message.Span, spec.Actions, action, agent.Peer) : 0;
            await upstream.WriteAsync(message, cancel).ConfigureAwait(false);
            if (kind is not (WireProtocol.Reset or WireProtocol.Step))
            {
                return;
            }

            ReadOnlyMemory<byte> answer = await upstream.AnswerAsync(cancel).ConfigureAwait(false);
            if (answer.Span[0] == WireProtocol.Error)
            {
                await agent.WriteAsync(answer, cancel).ConfigureAwait(false);
                return;
            }

            StepOutcome outcome = WireProtocol.ReadObservation(answer.Span, observation, upstream.Peer);
            if (kind == WireProtocol.Step)
            {
                slot.Act(spec.Actions.IsDiscrete ? index : new AgentAction(action), outcome);
            }

            slot.Observe(observation, kind == WireProtocol.Reset
                ? EpisodePosition.First
                : outcome.IsOver ? EpisodePosition.Last : EpisodePosition.Next);

            // Sent even if the relay stops now: the environment has already performed the step.
            await agent.WriteAsync(WireProtocol.ObservationOf(observation, outcome), CancellationToken.None)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Opens a slot of the tap. If the tap refuses the stream, the agent is told the reason.</summary>
    private static async Task<BridgeTap.TapSlot> OpenAsync(FrameConnection agent, BridgeTap tap, EnvironmentSpec spec)
    {
        try
        {
            return tap.Open(spec);
        }
        catch (BridgeException error)
        {
            await agent.WriteAsync(WireProtocol.ErrorOf(error.Message), CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }
}
