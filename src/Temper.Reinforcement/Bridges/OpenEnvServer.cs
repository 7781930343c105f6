using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Serves environments with the OpenEnv protocol. Each WebSocket (<c>/ws</c>) gets its own environment; HTTP requests
/// (<c>/reset</c>, <c>/step</c>, <c>/state</c>) share one.
/// </summary>
/// <remarks>
/// Observations have the fields <c>values</c> (a flat array), <c>shape</c> and, for discrete actions,
/// <c>legal_actions</c>. Discrete actions have the field <c>action_id</c>, continuous actions the field <c>values</c>.
/// </remarks>
public sealed class OpenEnvServer : IAsyncDisposable
{
    private static readonly OpenEnvFormat Format = new();
    private readonly WebApplication _application;
    private readonly BridgeListener _listener;
    private readonly Func<IEnvironment> _create;
    private readonly IEnvironment _environment;
    private readonly ServedEpisode _shared;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stop = new();
    private long _lastSeed;
    private int _sockets;

    private OpenEnvServer(Func<IEnvironment> create, IEnvironment shared, BridgeListener listener, ulong seed)
    {
        (_create, _listener) = (create, listener);
        (_environment, _shared) = (shared, new ServedEpisode(shared));
        _lastSeed = unchecked((long)(seed - 1));
        _application = WebHost.Build(listener);
        _application.Map("/ws", context => WebHost.GuardAsync(context, listener, () => SocketAsync(context)));
        _application.MapPost("/reset", context => PostAsync(context, "reset"));
        _application.MapPost("/step", context => PostAsync(context, "step"));
        Get("/state", () => StateOf(_shared));
        Get("/health", () => new JsonObject { ["status"] = "healthy" });
        Get("/metadata", () => new JsonObject
        {
            ["name"] = _shared.Spec.Name, ["description"] = $"{_shared.Spec.Name}, served by temper",
        });
        Get("/schema", () => SchemaOf(_shared.Spec));
    }

    /// <summary>Address the server listens on, such as <c>http://127.0.0.1:8000</c>.</summary>
    public Uri Address => WebHost.AddressOf(_application);

    /// <summary>Number of open WebSockets.</summary>
    public int Connections => _sockets;

    /// <summary>Starts a server.</summary>
    /// <param name="create">
    /// Creates an environment for HTTP requests and one for each WebSocket. Each is disposed when its WebSocket or the
    /// server is closed, if it can be.
    /// </param>
    /// <param name="listener">Address and limits.</param>
    /// <param name="seed">Seed of the first reset that brings none; each further one adds 1.</param>
    /// <param name="cancel">Cancels the start.</param>
    /// <exception cref="BridgeException">The server cannot listen on the address.</exception>
    public static async Task<OpenEnvServer> StartAsync(
        Func<IEnvironment> create, BridgeListener listener, ulong seed = 1, CancellationToken cancel = default)
    {
        IEnvironment shared = create();
        try
        {
            var server = new OpenEnvServer(create, shared, listener, seed);
            await WebHost.StartAsync(server._application, listener, cancel).ConfigureAwait(false);
            return server;
        }
        catch
        {
            (shared as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <summary>Closes all connections and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        (_environment as IDisposable)?.Dispose();
        _turn.Dispose();
        _stop.Dispose();
    }

    private void Get(string path, Func<JsonObject> answer) => _application.MapGet(path, context =>
        WebHost.GuardAsync(context, _listener, () =>
            WebHost.WriteAsync(context.Response, StatusCodes.Status200OK, answer(), context.RequestAborted)));

    private Task PostAsync(HttpContext context, string type) => WebHost.GuardAsync(context, _listener, async () =>
    {
        JsonObject body =
            await WebHost.ReadAsync(context.Request, _listener.Limits, context.RequestAborted).ConfigureAwait(false);
        await _turn.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        try
        {
            JsonObject answer = Play(_shared, type, type is "step" ? body["action"] : body);
            await WebHost.WriteAsync(context.Response, StatusCodes.Status200OK, answer, context.RequestAborted)
                .ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    });

    private async Task SocketAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            throw new BridgeException("/ws accepts WebSocket connections only");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stop.Token);
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync().ConfigureAwait(false);
        Interlocked.Increment(ref _sockets);
        try
        {
            var agent = new JsonSocket(
                socket, _listener.Limits, $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}");
            IEnvironment environment = _create();
            using var owned = environment as IDisposable;
            var episode = new ServedEpisode(environment);
            while (await agent.ReadAsync(_listener.Limits.IdleTimeout, stop.Token).ConfigureAwait(false) is { } message
                && JsonNumbers.Text(message["type"]) is not "close")
            {
                await agent.WriteAsync(Answer(episode, message), stop.Token).ConfigureAwait(false);
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stop.Token).ConfigureAwait(false);
        }
        catch (WebSocketException error)
        {
            throw new BridgeException($"WebSocket error: {error.Message}", error);
        }
        finally
        {
            Interlocked.Decrement(ref _sockets);
        }
    }

    /// <summary>Replies to a message. An invalid message gets an error reply, and the connection stays open.</summary>
    private JsonObject Answer(ServedEpisode episode, JsonObject message)
    {
        string type = JsonNumbers.Text(message["type"]);
        try
        {
            return type switch
            {
                "reset" or "step" => Message("observation", Play(episode, type, message["data"])),
                "state" => Message("state", StateOf(episode)),
                _ => Message("error", new JsonObject
                {
                    ["message"] = "unknown type (expected reset, step, state or close)", ["code"] = "UNKNOWN_TYPE",
                }),
            };
        }
        catch (BridgeException error)
        {
            return Message("error", new JsonObject { ["message"] = error.Message, ["code"] = "VALIDATION_ERROR" });
        }
    }

    private JsonObject Play(ServedEpisode episode, string type, JsonNode? data)
    {
        EnvironmentSpec spec = episode.Spec;
        if (type is "reset")
        {
            long next = Interlocked.Increment(ref _lastSeed);
            episode.Reset((ulong)(JsonNumbers.Value<long>((data as JsonObject)?["seed"]) ?? next));
            return OpenEnvFormat.ObservationOf(spec, episode.Observation, outcome: null);
        }

        StepOutcome outcome = episode.Step(
            spec.Actions.IsDiscrete ? Format.IndexOf(data) : new AgentAction(OpenEnvFormat.ValuesOf(data)));
        return OpenEnvFormat.ObservationOf(spec, episode.Observation, outcome);
    }

    private static JsonObject Message(string type, JsonObject data) => new() { ["type"] = type, ["data"] = data };

    private static JsonObject StateOf(ServedEpisode episode) =>
        new() { ["episode_id"] = null, ["step_count"] = episode.Steps };

    private static JsonObject SchemaOf(EnvironmentSpec spec) => new()
    {
        ["action"] = Schema(spec.Actions.IsDiscrete
            ? new JsonObject { ["action_id"] = new JsonObject
            {
                ["type"] = "integer", ["minimum"] = 0, ["maximum"] = spec.Actions.Count - 1,
            } }
            : new JsonObject { ["values"] = Numbers(spec.Actions.Dimensions, spec.Actions.Low, spec.Actions.High) }),
        ["observation"] =
            Schema(new JsonObject { ["values"] = Numbers(spec.ObservationShape.Count, spec.Minimum, spec.Maximum) }),
        ["state"] =
            Schema(new JsonObject { ["step_count"] = new JsonObject { ["type"] = "integer", ["minimum"] = 0 } }),
    };

    private static JsonObject Schema(JsonObject properties) =>
        new() { ["type"] = "object", ["properties"] = properties };

    private static JsonObject Numbers(int count, float low, float high)
    {
        var item = new JsonObject { ["type"] = "number" };
        if (float.IsFinite(low) && float.IsFinite(high))
        {
            (item["minimum"], item["maximum"]) = (low, high);
        }

        return new JsonObject { ["type"] = "array", ["minItems"] = count, ["maxItems"] = count, ["items"] = item };
    }
}
