using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// A Godot game as an environment: the trainer's side of Godot RL Agents. It listens, the game connects (its Sync node
/// in training mode); games with one agent.
/// </summary>
/// <remarks>
/// The protocol has no seeds: a game decides itself what is random, so episodes cannot be repeated. What ends an
/// episode is not said either: it counts as terminated.
/// </remarks>
public sealed class GodotEnvironment : IEnvironment, IDisposable
{
    private readonly FrameConnection _game;
    private readonly GodotSpace _space;
    private readonly BridgeLimits _limits;
    private readonly float[] _observation;

    private GodotEnvironment(FrameConnection game, GodotSpace space, BridgeLimits limits)
    {
        (_game, _space, _limits) = (game, space, limits);
        _observation = new float[space.Spec.ObservationShape.Count];
    }

    /// <inheritdoc/>
    public EnvironmentSpec Spec => _space.Spec;

    /// <summary>Waits for a game.</summary>
    /// <param name="listener">
    /// Where games connect, port 11008 unless they are told another; they are waited for as long as peers may think.
    /// </param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="BridgeException">
    /// No game comes, or it does not keep to the protocol, or has several agents.
    /// </exception>
    public static GodotEnvironment Listen(BridgeListener listener, CancellationToken cancel = default)
    {
        listener.Limits.Validate();
        return ListenAsync(listener, cancel).GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    /// <exception cref="BridgeException">The game is gone, too slow, or does not keep to the protocol.</exception>
    public void Reset(ulong seed, Span<float> observation) =>
        Read(Ask(GodotMessages.Of("reset"), "reset"), observation);

    /// <inheritdoc/>
    /// <exception cref="BridgeException">The game is gone, too slow, or does not keep to the protocol.</exception>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        JsonObject answer =
            Ask(new JsonObject { ["type"] = "action", ["action"] = new JsonArray(_space.ActionOf(action)) }, "step");
        Read(answer, observation);
        return new StepOutcome(
            JsonNumbers.Number(GodotMessages.Item(answer, "reward", 0)),
            JsonNumbers.Value<bool>(GodotMessages.Item(answer, "done", 0)) ?? false);
    }

    /// <summary>Tells the game to close.</summary>
    public void Dispose()
    {
        try
        {
            _game.SendAsync(GodotMessages.Of("close"), CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (IOException)
        {
            // It is gone already.
        }

        _game.Dispose();
    }

    private static async Task<GodotEnvironment> ListenAsync(BridgeListener listener, CancellationToken cancel)
    {
        using var door = new TcpListener(listener.EndPoint);
        FrameConnection? game = null;
        try
        {
            door.Start(backlog: 1);
            TcpClient client = await Deadline.WithinAsync(
                listener.Limits.IdleTimeout, door.AcceptTcpClientAsync,
                $"Godot: no game connected to {(IPEndPoint)door.LocalEndpoint}", cancel).ConfigureAwait(false);
            game = new FrameConnection(client, listener.Limits, $"game {client.Client.RemoteEndPoint}");
            await game.SendAsync(GodotMessages.Handshake, cancel).ConfigureAwait(false);
            await game.SendAsync(GodotMessages.Of("env_info"), cancel).ConfigureAwait(false);
            JsonObject info =
                await game.AnswerAsync("env_info", listener.Limits.FrameTimeout, cancel).ConfigureAwait(false);
            int agents = GodotSpace.AgentsOf(info);
            return agents == 1
                ? new GodotEnvironment(game, new GodotSpace(info, 0), listener.Limits)
                : throw new BridgeException(
                    $"Godot: a game with several agents cannot be played here (got {agents}, expected 1)");
        }
        catch (Exception error)
        {
            game?.Dispose();
            throw error is SocketException
                ? new BridgeException($"Godot: cannot listen on {listener.EndPoint} ({error.Message})", error)
                : error;
        }
    }

    private JsonObject Ask(JsonObject message, string type)
    {
        _game.SendAsync(message, CancellationToken.None).GetAwaiter().GetResult();
        return _game.AnswerAsync(type, _limits.FrameTimeout, CancellationToken.None).GetAwaiter().GetResult();
    }

    private void Read(JsonObject answer, Span<float> observation)
    {
        _space.Read(GodotMessages.Item(answer, "obs", 0), _observation);
        if (!observation.IsEmpty)
        {
            _observation.CopyTo(observation);
        }
    }
}
