using System.Net;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Presents an environment to a trainer of Godot RL Agents as a Godot game: connects, announces its spaces and plays
/// until told to close.
/// </summary>
public static class GodotGame
{
    /// <summary>
    /// Plays until the trainer closes the connection. After the end of an episode the next one starts immediately, as
    /// in games.
    /// </summary>
    /// <param name="environment">The environment.</param>
    /// <param name="trainer">Host and port of the trainer.</param>
    /// <param name="seed">Seed of the first episode; it increases by 1 per episode.</param>
    /// <param name="limits">Limits; null: the defaults.</param>
    /// <param name="cancel">Ends the connection.</param>
    /// <returns>The number of steps played.</returns>
    /// <exception cref="BridgeException">The trainer cannot be reached or violates the protocol.</exception>
    public static async Task<long> RunAsync(
        IEnvironment environment, DnsEndPoint trainer, ulong seed, BridgeLimits? limits = null,
        CancellationToken cancel = default)
    {
        limits ??= new BridgeLimits();
        limits.Validate();
        var session = new Session(environment, seed);
        using FrameConnection connection =
            await FrameConnection.ConnectAsync(trainer, limits, cancel).ConfigureAwait(false);
        await connection.AnswerAsync("handshake", limits.FrameTimeout, cancel).ConfigureAwait(false);
        while (await connection.ReceiveAsync(limits.IdleTimeout, cancel).ConfigureAwait(false) is { } message
            && session.ReplyTo(message, connection.Peer) is { } reply)
        {
            await connection.SendAsync(reply, cancel).ConfigureAwait(false);
        }

        return session.Steps;
    }

    private static JsonObject InfoOf(EnvironmentSpec spec) => new()
    {
        ["type"] = "env_info", ["n_agents"] = 1, ["agent_policy_names"] = new JsonArray("shared_policy"),
        ["observation_space"] = new JsonArray(new JsonObject
        {
            ["obs"] = new JsonObject { ["size"] = new JsonArray(spec.ObservationShape.Count), ["space"] = "box" },
        }),
        ["action_space"] = new JsonArray(new JsonObject
        {
            ["action"] = new JsonObject
            {
                ["size"] = spec.Actions.IsDiscrete ? spec.Actions.Count : spec.Actions.Dimensions,
                ["action_type"] = spec.Actions.IsDiscrete ? "discrete" : "continuous",
            },
        }),
    };

    /// <summary>Plays the episodes that a trainer asks for.</summary>
    private sealed class Session
    {
        private readonly JsonObject _info;
        private readonly GodotSpace _space;
        private readonly ServedEpisode _episode;
        private readonly float[] _action;
        private ulong _seed;

        internal Session(IEnvironment environment, ulong seed)
        {
            (_info, _seed) = (InfoOf(environment.Spec), seed);
            (_space, _episode) = (new GodotSpace(_info, 0), new ServedEpisode(environment));
            _action = new float[environment.Spec.Actions.Dimensions];
        }

        /// <summary>Number of steps played.</summary>
        internal long Steps { get; private set; }

        /// <summary>Returns the reply to a message; null: the message asks to close the connection.</summary>
        /// <exception cref="BridgeException">The message has an unknown type, or an action is not valid.</exception>
        internal JsonObject? ReplyTo(JsonObject message, string peer)
        {
            switch (JsonNumbers.Text(message["type"]))
            {
                case "env_info":
                    return _info;
                case "reset":
                    _episode.Reset(_seed++);
                    return new JsonObject { ["type"] = "reset", ["obs"] = Seen() };
                case "action":
                    StepOutcome outcome = Step(GodotMessages.Item(message, "action", 0));
                    return new JsonObject
                    {
                        ["type"] = "step", ["obs"] = Seen(), ["reward"] = new JsonArray(outcome.Reward),
                        ["done"] = new JsonArray(outcome.IsOver),
                    };
                case "close":
                    return null;
                default:
                    throw new BridgeException($"{peer}: unknown message type (expected env_info, reset, action or "
                        + "close)");
            }
        }

        /// <summary>Performs a step; after the end of an episode the next one begins.</summary>
        private StepOutcome Step(JsonNode? action)
        {
            int index = _space.ReadAction(action, _action);
            StepOutcome outcome = _episode.Step(_space.Spec.Actions.IsDiscrete ? index : new AgentAction(_action));
            Steps++;
            if (outcome.IsOver)
            {
                _episode.Reset(_seed++);
            }

            return outcome;
        }

        private JsonArray Seen() => new(new JsonObject { ["obs"] = JsonNumbers.Of(_episode.Observation) });
    }
}
