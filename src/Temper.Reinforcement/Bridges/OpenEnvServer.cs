using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Serves environments by the OpenEnv protocol: each WebSocket (<c>/ws</c>) has an environment of its own; requests
/// over HTTP (<c>/reset</c>, <c>/step</c>, <c>/state</c>) share one.
/// </summary>
/// <remarks>
/// Observations have <c>values</c> (a flat list), <c>shape</c> and <c>legal_actions</c>; actions have <c>action_id</c>,
/// or <c>values</c> where they are numbers.
/// </remarks>
public sealed class OpenEnvServer : IAsyncDisposable
{
    private static readonly OpenEnvFormat Format = new();
    private readonly WebApplication _application;
    private readonly BridgeListener _listener;
    private readonly Func<IEnvironment> _create;
    private readonly ServedEpisode _shared;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stop = new();
    private long _resets;
    private int _sockets;

    private OpenEnvServer(Func<IEnvironment> create, BridgeListener listener)
    {
        (_create, _listener, _shared) = (create, listener, new ServedEpisode(create()));
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

    /// <summary>Where it listens, such as <c>http://127.0.0.1:8000</c>.</summary>
    public Uri Address => WebHost.AddressOf(_application);

    /// <summary>WebSockets that are open.</summary>
    public int Connections => _sockets;

    /// <summary>Starts one.</summary>
    /// <param name="create">Makes an environment.</param>
    /// <param name="listener">Address and limits.</param>
    /// <param name="cancel">Gives starting up.</param>
    /// <exception cref="BridgeException">The address cannot be listened on.</exception>
    public static async Task<OpenEnvServer> StartAsync(
        Func<IEnvironment> create, BridgeListener listener, CancellationToken cancel = default)
    {
        var server = new OpenEnvServer(create, listener);
        await WebHost.StartAsync(server._application, listener, cancel).ConfigureAwait(false);
        return server;
    }

    /// <summary>Ends all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
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
            throw new BridgeException("/ws takes WebSockets");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stop.Token);
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync().ConfigureAwait(false);
        Interlocked.Increment(ref _sockets);
        try
        {
            var agent = new JsonSocket(
                socket, _listener.Limits, $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}");
            var episode = new ServedEpisode(_create());
            while (await agent.ReadAsync(_listener.Limits.IdleTimeout, stop.Token).ConfigureAwait(false) is { } message
                && JsonNumbers.Text(message["type"]) is not "close")
            {
                await agent.WriteAsync(Answer(episode, message), stop.Token).ConfigureAwait(false);
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stop.Token).ConfigureAwait(false);
        }
        catch (WebSocketException error)
        {
            throw new BridgeException($"a WebSocket ended: {error.Message}", error);
        }
        finally
        {
            Interlocked.Decrement(ref _sockets);
        }
    }

    /// <summary>What is wrong with a message is said to the peer, who may go on.</summary>
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
            long next = Interlocked.Increment(ref _resets);
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
