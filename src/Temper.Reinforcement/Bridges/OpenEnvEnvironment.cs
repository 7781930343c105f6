using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// An environment on an OpenEnv server: <c>ws://host:port</c> for a WebSocket with its own environment, or
/// <c>http://host:port</c> for HTTP requests to the shared environment.
/// </summary>
/// <remarks>
/// Only discrete actions are supported. OpenEnv reports that an episode is done, but not why; it counts as terminated
/// unless <c>metadata.truncated</c> is true.
/// </remarks>
public sealed class OpenEnvEnvironment : IEnvironment, IDisposable
{
    private readonly IExchange _exchange;
    private readonly OpenEnvFormat _format;
    private readonly float[] _observation;

    private OpenEnvEnvironment(IExchange exchange, OpenEnvFormat format, EnvironmentSpec spec)
    {
        (_exchange, _format, Spec) = (exchange, format, spec);
        _observation = new float[spec.ObservationShape.Count];
    }

    private interface IExchange : IDisposable
    {
        /// <summary>Sends a reset or a step and returns the reply with the observation.</summary>
        JsonObject Ask(string type, JsonObject data);
    }

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; }

    /// <summary>Connects to a server. A first reset determines the format of observations.</summary>
    /// <param name="address">Address with scheme ws or http.</param>
    /// <param name="format">Fields of observations and actions; null: the default fields.</param>
    /// <param name="limits">Limits; null: the defaults.</param>
    /// <param name="name">Name of the environment in its specification.</param>
    /// <exception cref="BridgeException">The server cannot be reached or violates the protocol.</exception>
    public static OpenEnvEnvironment Connect(
        Uri address, OpenEnvFormat? format = null, BridgeLimits? limits = null, string name = "openenv")
    {
        (format, limits) = (format ?? new OpenEnvFormat(), limits ?? new BridgeLimits());
        format.Validate();
        limits.Validate();
        IExchange exchange = address.Scheme switch
        {
            "ws" => SocketExchange.Connect(new Uri(address, "/ws"), limits),
            "http" => new HttpExchange(address, limits),
            _ => throw new ArgumentException($"OpenEnv: unsupported address (got {address}, expected "
                + "ws://host:port or http://host:port)", nameof(address)),
        };
        try
        {
            JsonObject first = exchange.Ask("reset", []);
            return new OpenEnvEnvironment(exchange, format, format.SpecOf(ObservationIn(first), name));
        }
        catch
        {
            exchange.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="BridgeException">The server disconnected, timed out or violated the protocol.</exception>
    public void Reset(ulong seed, Span<float> observation) =>
        Read(_exchange.Ask("reset", new JsonObject { ["seed"] = (long)(seed & int.MaxValue) }), observation);

    /// <inheritdoc/>
    /// <exception cref="BridgeException">The server disconnected, timed out or violated the protocol.</exception>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        JsonObject answer = _exchange.Ask("step", new JsonObject { [_format.ActionField] = action.Index });
        Read(answer, observation);
        bool isDone = JsonNumbers.Value<bool>(answer["done"]) ?? false, isTruncated = isDone
            && JsonNumbers.Value<bool>((answer["metadata"] as JsonObject)?["truncated"]) == true;
        return new StepOutcome(JsonNumbers.Number(answer["reward"]), isDone && !isTruncated, isTruncated);
    }

    /// <summary>Closes the connection; may be called more than once.</summary>
    public void Dispose() => _exchange.Dispose();

    internal static JsonObject ObservationIn(JsonObject answer) =>
        answer["observation"] as JsonObject ?? throw new BridgeException("OpenEnv: a reply has no observation");

    private void Read(JsonObject answer, Span<float> observation)
    {
        _format.Read(ObservationIn(answer), _observation);
        if (!observation.IsEmpty)
        {
            _observation.CopyTo(observation);
        }
    }

    private sealed class SocketExchange(ClientWebSocket socket, JsonSocket messages) : IExchange
    {
        internal static SocketExchange Connect(Uri address, BridgeLimits limits)
        {
            ClientWebSocket socket = OpenAsync(address, limits, CancellationToken.None).GetAwaiter().GetResult();
            return new SocketExchange(socket, new JsonSocket(socket, limits, address.Authority));
        }

        public JsonObject Ask(string type, JsonObject data)
        {
            JsonObject answer = Exchange(new JsonObject { ["type"] = type, ["data"] = data });
            JsonObject content = answer["data"] as JsonObject ?? [];
            return JsonNumbers.Text(answer["type"]) is "observation"
                ? content
                : throw new BridgeException($"OpenEnv: {type} failed: {JsonNumbers.Text(content["message"])}");
        }

        public void Dispose() => socket.Dispose();

        /// <summary>Sends a message and returns the reply; an error closes the socket.</summary>
        private JsonObject Exchange(JsonObject message)
        {
            if (socket.State != WebSocketState.Open)
            {
                throw new BridgeException("OpenEnv: the WebSocket is closed (the server closed it, an earlier request "
                    + "failed, or the environment was disposed); connect again");
            }

            try
            {
                messages.WriteAsync(message, CancellationToken.None).GetAwaiter().GetResult();
                return messages.AnswerAsync(CancellationToken.None).GetAwaiter().GetResult();
            }
            catch (Exception error)
            {
                // A reply that arrives late would be taken for the reply to the next request.
                socket.Dispose();
                if (error is WebSocketException)
                {
                    throw new BridgeException($"OpenEnv: the WebSocket ended ({error.Message})", error);
                }

                throw;
            }
        }
    }

    /// <exception cref="BridgeException">The server cannot be reached.</exception>
    internal static async Task<ClientWebSocket> OpenAsync(Uri address, BridgeLimits limits, CancellationToken cancel)
    {
        var socket = new ClientWebSocket();
        try
        {
            await Deadline.WithinAsync(limits.FrameTimeout, token =>
                new ValueTask(socket.ConnectAsync(address, token)), $"{address}: no reply", cancel)
                .ConfigureAwait(false);
            return socket;
        }
        catch (Exception error)
        {
            socket.Dispose();
            throw error is WebSocketException
                ? new BridgeException($"{address}: cannot connect ({error.Message}); is the other side running?", error)
                : error;
        }
    }

    private sealed class HttpExchange(Uri address, BridgeLimits limits) : IExchange
    {
        private readonly HttpClient _client = new()
        {
            BaseAddress = address, Timeout = limits.FrameTimeout, MaxResponseContentBufferSize = limits.MaxFrameBytes,
        };

        public JsonObject Ask(string type, JsonObject data) => AskAsync(type, data).GetAwaiter().GetResult();

        public void Dispose() => _client.Dispose();

        private async Task<JsonObject> AskAsync(string type, JsonObject data)
        {
            try
            {
                JsonObject body = type is "step" ? new JsonObject { ["action"] = data } : data;
                using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
                using HttpResponseMessage answer =
                    await _client.PostAsync(new Uri($"/{type}", UriKind.Relative), content).ConfigureAwait(false);
                JsonObject json = JsonNumbers.Parse(
                    await answer.Content.ReadAsByteArrayAsync().ConfigureAwait(false), address.Authority);
                return answer.IsSuccessStatusCode ? json : throw new BridgeException(
                    $"OpenEnv: {type} failed with {(int)answer.StatusCode}: {JsonNumbers.Text(json["detail"])}");
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                throw new BridgeException(
                    $"{address}: {type} got no reply ({error.Message}); is the other side running?", error);
            }
        }
    }
}
