using System.Net;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// A man in the middle for Godot RL Agents: the game connects to it instead of its trainer, and it connects to the
/// trainer. Each agent of a game has a slot of the tap.
/// </summary>
/// <remarks>
/// A game begins the next episode by itself: the observation that comes with the end of an episode is the first one of
/// the next.
/// </remarks>
public sealed class GodotRelay : IAsyncDisposable
{
    private readonly TcpHost _host;

    private GodotRelay(TcpHost host) => _host = host;

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => _host.EndPoint;

    /// <summary>Games that are connected.</summary>
    public int Connections => _host.Connections;

    /// <summary>Starts one.</summary>
    /// <param name="listener">Where games connect.</param>
    /// <param name="trainer">Host and port of the trainer.</param>
    /// <param name="tap">What is done with the signals.</param>
    /// <exception cref="BridgeException">The address cannot be listened on.</exception>
    /// <exception cref="ArgumentException">A limit is out of range.</exception>
    public static GodotRelay Start(BridgeListener listener, DnsEndPoint trainer, BridgeTap tap) =>
        new(TcpHost.Start(listener, async (game, cancel) =>
    {
        using FrameConnection behind =
            await FrameConnection.ConnectAsync(trainer, listener.Limits, cancel).ConfigureAwait(false);
        using var session = new Session(tap);
        await RelayAsync(game, behind, session, listener.Limits, cancel).ConfigureAwait(false);
    }));

    /// <summary>Ends all connections.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>The trainer speaks first; all its messages but handshake and close have an answer.</summary>
    private static async Task RelayAsync(
        FrameConnection game, FrameConnection trainer, Session session, BridgeLimits limits, CancellationToken cancel)
    {
        while (await trainer.ReceiveAsync(limits.IdleTimeout, cancel).ConfigureAwait(false) is { } message)
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
                ?? throw new BridgeException($"{game.Peer}: the game ended instead of an answer");
            session.Pass(message, answer);
            await trainer.SendAsync(answer, cancel).ConfigureAwait(false);
        }
    }

    private sealed class Session(BridgeTap tap) : IDisposable
    {
        private readonly List<Agent> _agents = [];

        /// <summary>
        /// Shows a message and its answer to the tap, and puts into the answer what the tap made of the observations.
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
