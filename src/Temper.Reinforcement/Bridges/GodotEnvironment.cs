using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Uses a Godot game as an environment, taking the role of the trainer in Godot RL Agents. It listens, and the game's
/// Sync node connects in training mode. Supports games with one agent.
/// </summary>
/// <remarks>
/// The protocol has no seeds, so episodes cannot be repeated. It also does not say why an episode ends; every end
/// counts as terminated. An error closes the connection, and later calls throw at once.
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

    /// <summary>Listens and waits for a game to connect.</summary>
    /// <param name="listener">
    /// Address and limits. Games connect to port 11008 by default. The wait is limited by the idle timeout.
    /// </param>
    /// <param name="cancel">Cancels the wait.</param>
    /// <exception cref="BridgeException">
    /// No game connects in time, the game violates the protocol, or it has more than one agent.
    /// </exception>
    public static GodotEnvironment Listen(BridgeListener listener, CancellationToken cancel = default) =>
        Listen(listener, opened: null, cancel);

    /// <summary>Like the public method; also tells the address when games can connect, such as a free port.</summary>
    internal static GodotEnvironment Listen(
        BridgeListener listener, Action<IPEndPoint>? opened, CancellationToken cancel = default)
    {
        listener.Limits.Validate();
        return ListenAsync(listener, opened, cancel).GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    /// <exception cref="BridgeException">The game disconnected, timed out or violated the protocol.</exception>
    public void Reset(ulong seed, Span<float> observation)
    {
        Read(Ask(GodotMessages.Of("reset"), "reset"));
        CopyTo(observation);
    }

    /// <inheritdoc/>
    /// <exception cref="BridgeException">The game disconnected, timed out or violated the protocol.</exception>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        JsonObject answer =
            Ask(new JsonObject { ["type"] = "action", ["action"] = new JsonArray(_space.ActionOf(action)) }, "step");
        float reward = Read(answer);
        CopyTo(observation);
        return new StepOutcome(reward, JsonNumbers.Value<bool>(GodotMessages.Item(answer, "done", 0)) ?? false);
    }

    /// <summary>Tells the game to close; may be called more than once.</summary>
    public void Dispose()
    {
        try
        {
            _game.SendAsync(GodotMessages.Of("close"), CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (IOException)
        {
            // The game has already disconnected, or the connection is closed.
        }

        _game.Dispose();
    }

    private static async Task<GodotEnvironment> ListenAsync(
        BridgeListener listener, Action<IPEndPoint>? opened, CancellationToken cancel)
    {
        using var door = new TcpListener(listener.EndPoint);
        FrameConnection? game = null;
        try
        {
            door.Start(backlog: 1);
            opened?.Invoke((IPEndPoint)door.LocalEndpoint);
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
                    $"Godot: games with several agents are not supported (got {agents}, expected 1)");
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
        try
        {
            _game.SendAsync(message, CancellationToken.None).GetAwaiter().GetResult();
            return _game.AnswerAsync(type, _limits.FrameTimeout, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch
        {
            // A reply that arrives late would be taken for the reply to the next request.
            _game.Dispose();
            throw;
        }
    }

    /// <summary>Reads the observation of a reply; a value that is not valid closes the connection.</summary>
    /// <returns>The reward; 0 if the reply has none.</returns>
    private float Read(JsonObject answer)
    {
        try
        {
            _space.Read(GodotMessages.Item(answer, "obs", 0), _observation);
            return JsonNumbers.Number(GodotMessages.Item(answer, "reward", 0));
        }
        catch (BridgeException)
        {
            _game.Dispose();
            throw;
        }
    }

    private void CopyTo(Span<float> observation)
    {
        if (!observation.IsEmpty)
        {
            _observation.CopyTo(observation);
        }
    }
}
