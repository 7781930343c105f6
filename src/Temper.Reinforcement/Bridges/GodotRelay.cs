using System.Net;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Man-in-the-middle relay for Godot RL Agents. The game connects to the relay, and the relay connects to the trainer.
/// Each agent of a game has its own slot of the tap.
/// </summary>
/// <remarks>
/// A game starts the next episode by itself, so the observation sent with the end of an episode is the first one of the
/// next episode.
/// </remarks>
public sealed class GodotRelay : IAsyncDisposable
{
    private readonly TcpHost _host;

    private GodotRelay(TcpHost host) => _host = host;

    /// <summary>Address and port the relay listens on.</summary>
    public IPEndPoint EndPoint => _host.EndPoint;

    /// <summary>Number of connected games.</summary>
    public int Connections => _host.Connections;

    /// <summary>Starts a relay.</summary>
    /// <param name="listener">Address that games connect to, and limits.</param>
    /// <param name="trainer">Host and port of the trainer.</param>
    /// <param name="tap">Receives the signals and may change observations.</param>
    /// <exception cref="BridgeException">The relay cannot listen on the address.</exception>
    /// <exception cref="ArgumentException">A limit is out of range.</exception>
    public static GodotRelay Start(BridgeListener listener, DnsEndPoint trainer, BridgeTap tap) =>
        new(TcpHost.Start(listener, async (game, cancel) =>
    {
        try
        {
            using FrameConnection upstream =
                await FrameConnection.ConnectAsync(trainer, listener.Limits, cancel).ConfigureAwait(false);
            using var session = new Session(tap);
            await RelayAsync(game, upstream, session, listener.Limits, cancel).ConfigureAwait(false);
        }
        finally
        {
            tap.ConfirmFinish();
        }
    }));

    /// <summary>Closes all connections and stops listening.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>
    /// Relays messages. The trainer speaks first; every message except handshake and close has a reply.
    /// </summary>
    private static async Task RelayAsync(
        FrameConnection game, FrameConnection trainer, Session session, BridgeLimits limits, CancellationToken cancel)
    {
        while (!session.IsFinishing
            && await trainer.ReceiveAsync(limits.IdleTimeout, cancel).ConfigureAwait(false) is { } message)
        {
            string type = JsonNumbers.Text(message["type"]);
            await game.SendAsync(message, cancel).ConfigureAwait(false);
            if (type is "close")
            {
                return;
            }

            if (type is "handshake")
            {
                continue;
            }

            JsonObject answer = await game.ReceiveAsync(limits.FrameTimeout, cancel).ConfigureAwait(false)
                ?? throw new BridgeException($"{game.Peer}: the game closed the connection instead of replying");
            session.Pass(message, answer);

            // Sent even if the relay stops now: the game has already performed the step.
            await trainer.SendAsync(answer, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private sealed class Session(BridgeTap tap) : IDisposable
    {
        private readonly List<Agent> _agents = [];

        internal bool IsFinishing => tap.IsFinishing;

        /// <summary>
        /// Passes a message and its reply to the tap, and writes the observations as changed by the tap into the reply.
        /// </summary>
        internal void Pass(JsonObject message, JsonObject answer)
        {
            string type = JsonNumbers.Text(answer["type"]);
            if (type is "env_info" && _agents.Count == 0)
            {
                int count = GodotSpace.AgentsOf(answer);
                for (int i = 0; i < count; i++)
                {
                    var space = new GodotSpace(answer, i);
                    _agents.Add(new Agent(space, tap.Open(space.Spec)));
                }
            }
            else if (type is "reset" or "step")
            {
                for (int i = 0; i < _agents.Count; i++)
                {
                    Pass(_agents[i], i, type is "step" ? message : null, answer);
                }
            }
        }

        public void Dispose() => _agents.ForEach(agent => agent.Slot.Dispose());

        private static void Pass(Agent agent, int i, JsonObject? step, JsonObject answer)
        {
            JsonNode? seen = GodotMessages.Item(answer, "obs", i);
            agent.Space.Read(seen, agent.Observation);
            bool isDone = false;
            if (step is not null)
            {
                int index = agent.Space.ReadAction(GodotMessages.Item(step, "action", i), agent.Action);
                isDone = JsonNumbers.Value<bool>(GodotMessages.Item(answer, "done", i)) ?? false;
                agent.Slot.Act(
                    agent.Space.Spec.Actions.IsDiscrete ? index : new AgentAction(agent.Action),
                    new StepOutcome(JsonNumbers.Number(GodotMessages.Item(answer, "reward", i)), isDone));
            }

            agent.Slot.Observe(
                agent.Observation, step is null || isDone ? EpisodePosition.First : EpisodePosition.Next);
            agent.Space.Write(seen, agent.Observation);
        }
    }

    private sealed class Agent(GodotSpace space, BridgeTap.TapSlot slot)
    {
        internal GodotSpace Space => space;

        internal BridgeTap.TapSlot Slot => slot;

        internal float[] Observation { get; } = new float[space.Spec.ObservationShape.Count];

        internal float[] Action { get; } = new float[space.Spec.Actions.Dimensions];
    }
}
