using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Man-in-the-middle relay for the OpenEnv protocol, over WebSocket and HTTP. Only the numbers of observations can be
/// changed; other fields and other messages pass unchanged.
/// </summary>
public sealed class OpenEnvRelay : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly BridgeListener _listener;
    private readonly Uri _environment;
    private readonly OpenEnvFormat _format;
    private readonly BridgeTap _tap;
    private readonly HttpClient _client;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stop = new();
    private Session? _shared;
    private int _sockets;

    private OpenEnvRelay(BridgeListener listener, Uri environment, OpenEnvFormat format, BridgeTap tap)
    {
        (_listener, _environment, _format, _tap) = (listener, environment, format, tap);
        _client = new HttpClient
        {
            BaseAddress = environment, Timeout = listener.Limits.FrameTimeout,
            MaxResponseContentBufferSize = listener.Limits.MaxFrameBytes,
        };
        _application = WebHost.Build(listener);
        _application.Map("/ws", context => WebHost.GuardAsync(context, listener, () => SocketAsync(context)));
        _application.MapPost("/reset", context => PostAsync(context, "reset"));
        _application.MapPost("/step", context => PostAsync(context, "step"));
        foreach (string path in new[] { "/state", "/health", "/metadata", "/schema" })
        {
            _application.MapGet(path, context => WebHost.GuardAsync(context, listener, () => GetAsync(context, path)));
        }
    }

    /// <summary>Address the relay listens on, such as <c>http://127.0.0.1:8000</c>.</summary>
    public Uri Address => WebHost.AddressOf(_application);

    /// <summary>Number of open WebSockets.</summary>
    public int Connections => _sockets;

    /// <summary>Starts a relay.</summary>
    /// <param name="listener">Address that agents connect to, and limits.</param>
    /// <param name="environment">Address of the environment's server, <c>http://host:port</c>.</param>
    /// <param name="format">Fields of observations and actions.</param>
    /// <param name="tap">Receives the signals and may change observations.</param>
    /// <param name="cancel">Cancels the start.</param>
    /// <exception cref="BridgeException">The relay cannot listen on the address.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static async Task<OpenEnvRelay> StartAsync(
        BridgeListener listener, Uri environment, OpenEnvFormat format, BridgeTap tap,
        CancellationToken cancel = default)
    {
        format.Validate();
        var relay = new OpenEnvRelay(listener, environment, format, tap);
        await WebHost.StartAsync(relay._application, listener, cancel).ConfigureAwait(false);
        return relay;
    }

    /// <summary>Sends the replies that are due, closes all connections and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);

        // Disposing alone would abort connections whose last reply has been written but not sent.
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _shared?.Dispose();
        _client.Dispose();
        _turn.Dispose();
        _stop.Dispose();
    }

    private async Task PostAsync(HttpContext context, string type)
    {
        try
        {
            await WebHost.GuardAsync(context, _listener, () => AnswerAsync(context, type)).ConfigureAwait(false);
        }
        finally
        {
            _tap.ConfirmFinish();
        }
    }

    private async Task AnswerAsync(HttpContext context, string type)
    {
        JsonObject body =
            await WebHost.ReadAsync(context.Request, _listener.Limits, context.RequestAborted).ConfigureAwait(false);
        await _turn.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/{type}", UriKind.Relative))
            {
                Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
            };
            (int status, byte[] bytes) = await AskAsync(request, context.RequestAborted).ConfigureAwait(false);
            if (status is >= StatusCodes.Status200OK and < StatusCodes.Status300MultipleChoices)
            {
                JsonObject json = JsonNumbers.Parse(bytes, _environment.Authority);
                _shared ??= new Session(_format, _tap);
                _shared.Pass(type, body["action"], json);
                bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
            }

            await WebHost.WriteAsync(context.Response, status, bytes, context.RequestAborted).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task GetAsync(HttpContext context, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        (int status, byte[] bytes) = await AskAsync(request, context.RequestAborted).ConfigureAwait(false);
        await WebHost.WriteAsync(context.Response, status, bytes, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Sends a request to the environment and returns the status and the body of the reply.</summary>
    /// <exception cref="BridgeException">The environment cannot be reached, or does not reply in time.</exception>
    private async Task<(int Status, byte[] Body)> AskAsync(HttpRequestMessage request, CancellationToken aborted)
    {
        try
        {
            using HttpResponseMessage answer = await _client.SendAsync(request, aborted).ConfigureAwait(false);
            byte[] body = await answer.Content.ReadAsByteArrayAsync(aborted).ConfigureAwait(false);
            return ((int)answer.StatusCode, body);
        }
        catch (Exception error) when (error is HttpRequestException
            || (error is TaskCanceledException && !aborted.IsCancellationRequested))
        {
            // The client reports its own time limit as a cancellation, although nobody canceled the request.
            throw new BridgeException(
                $"{request.RequestUri}: no reply ({error.Message}); is the other side running?", error);
        }
    }

    private async Task SocketAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            throw new BridgeException("/ws accepts WebSocket connections only");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stop.Token);
        var address = new UriBuilder(_environment) { Scheme = "ws", Path = "/ws" };
        using ClientWebSocket upstream =
            await OpenEnvEnvironment.OpenAsync(address.Uri, _listener.Limits, stop.Token).ConfigureAwait(false);
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync().ConfigureAwait(false);
        Interlocked.Increment(ref _sockets);
        try
        {
            string peer = $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}";
            await PumpAsync(new JsonSocket(socket, _listener.Limits, peer), new JsonSocket(
                upstream, _listener.Limits, _environment.Authority), stop.Token).ConfigureAwait(false);
            await Deadline.WithinAsync(
                _listener.Limits.FrameTimeout,
                token => new ValueTask(socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, token)),
                $"{peer}: did not accept the end of the connection", CancellationToken.None).ConfigureAwait(false);
        }
        catch (WebSocketException error)
        {
            throw new BridgeException($"WebSocket error: {error.Message}", error);
        }
        finally
        {
            Interlocked.Decrement(ref _sockets);
            _tap.ConfirmFinish();
        }
    }

    private async Task PumpAsync(JsonSocket agent, JsonSocket environment, CancellationToken cancel)
    {
        using var session = new Session(_format, _tap);
        while (!_tap.IsFinishing && !_stop.IsCancellationRequested
            && await agent.ReadAsync(_listener.Limits.IdleTimeout, cancel).ConfigureAwait(false) is { } message)
        {
            await environment.WriteAsync(message, cancel).ConfigureAwait(false);
            string type = JsonNumbers.Text(message["type"]);
            if (type is "close")
            {
                return;
            }

            JsonObject answer = await environment.AnswerAsync(cancel).ConfigureAwait(false);
            string? refusal = Refusal(session, type, message["data"], answer);

            // Sent even if the relay stops now: the environment has already performed the step.
            await agent.WriteAsync(refusal is null ? answer : new JsonObject
            {
                ["type"] = "error",
                ["data"] = new JsonObject { ["message"] = refusal, ["code"] = "VALIDATION_ERROR" },
            }, CancellationToken.None).ConfigureAwait(false);
            if (refusal is not null)
            {
                return;
            }
        }
    }

    /// <summary>Passes an observation to the tap.</summary>
    /// <returns>The reason why the tap refused it, which ends the connection; null: it was passed.</returns>
    private string? Refusal(Session session, string type, JsonNode? action, JsonObject answer)
    {
        try
        {
            if (JsonNumbers.Text(answer["type"]) is "observation" && answer["data"] is JsonObject data)
            {
                session.Pass(type, action, data);
            }

            return null;
        }
        catch (BridgeException error)
        {
            _listener.Log?.Invoke($"/ws: {error.Message}");
            return error.Message;
        }
    }

    /// <summary>State of one stream; its format is determined from the first observation.</summary>
    private sealed class Session(OpenEnvFormat format, BridgeTap tap) : IDisposable
    {
        private BridgeTap.TapSlot? _slot;
        private float[] _numbers = [];
        private int _actions;

        /// <summary>Passes a reply to the tap, and writes the numbers as changed by the tap into the reply.</summary>
        internal void Pass(string type, JsonNode? action, JsonObject answer)
        {
            JsonObject observation = OpenEnvEnvironment.ObservationIn(answer);
            if (_slot is null)
            {
                EnvironmentSpec spec = format.SpecOf(observation, "openenv");
                (_numbers, _actions, _slot) =
                    (new float[spec.ObservationShape.Count], spec.Actions.Count, tap.Open(spec));
            }

            format.Read(observation, _numbers);
            bool isDone = JsonNumbers.Value<bool>(answer["done"]) ?? false;
            if (type is "step" && format.IndexOf(action) is var index)
            {
                _slot.Act((uint)index < (uint)_actions ? index : throw new BridgeException(string.Create(
                    CultureInfo.InvariantCulture, $"OpenEnv: an action is out of range (got {index}, expected "
                    + $"'{format.ActionField}' from 0 to {_actions - 1})")),
                    new StepOutcome(JsonNumbers.Number(answer["reward"]), isDone));
            }

            _slot.Observe(_numbers, type is "reset"
                ? EpisodePosition.First
                : isDone ? EpisodePosition.Last : EpisodePosition.Next);
            format.Write(observation, _numbers);
        }

        public void Dispose() => _slot?.Dispose();
    }
}
