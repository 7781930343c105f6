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
        JsonObject info = InfoOf(environment.Spec);
        var space = new GodotSpace(info, 0);
        var episode = new ServedEpisode(environment);
        float[] action = new float[environment.Spec.Actions.Dimensions];
        using FrameConnection connection =
            await FrameConnection.ConnectAsync(trainer, limits, cancel).ConfigureAwait(false);
        await connection.AnswerAsync("handshake", limits.FrameTimeout, cancel).ConfigureAwait(false);
        long steps = 0;
        while (await connection.ReceiveAsync(limits.IdleTimeout, cancel).ConfigureAwait(false) is { } message)
        {
            switch (JsonNumbers.Text(message["type"]))
            {
                case "env_info":
                    await connection.SendAsync(info, cancel).ConfigureAwait(false);
                    break;
                case "reset":
                    episode.Reset(seed++);
                    await connection.SendAsync(new JsonObject { ["type"] = "reset", ["obs"] = Seen(episode) }, cancel)
                        .ConfigureAwait(false);
                    break;
                case "action":
                    StepOutcome outcome = Step(episode, space, GodotMessages.Item(message, "action", 0), action);
                    steps++;
                    if (outcome.IsOver)
                    {
                        episode.Reset(seed++);
                    }

                    await connection.SendAsync(new JsonObject
                    {
                        ["type"] = "step", ["obs"] = Seen(episode), ["reward"] = new JsonArray(outcome.Reward),
                        ["done"] = new JsonArray(outcome.IsOver),
                    }, cancel).ConfigureAwait(false);
                    break;
                case "close":
                    return steps;
                default:
                    throw new BridgeException($"{connection.Peer}: unknown message type (expected env_info, reset, "
                        + "action or close)");
            }
        }

        return steps;
    }

    private static StepOutcome Step(ServedEpisode episode, GodotSpace space, JsonNode? message, float[] action)
    {
        int index = space.ReadAction(message, action);
        return episode.Step(space.Spec.Actions.IsDiscrete ? index : new AgentAction(action));
    }

    private static JsonArray Seen(ServedEpisode episode) =>
        new(new JsonObject { ["obs"] = JsonNumbers.Of(episode.Observation) });

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
}
