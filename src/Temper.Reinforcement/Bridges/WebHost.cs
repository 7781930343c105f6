using System.Buffers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Temper.Reinforcement.Bridges;

/// <summary>Creates an HTTP server with WebSockets and the limits of a bridge.</summary>
internal static class WebHost
{
    internal static WebApplication Build(BridgeListener listener)
    {
        listener.Limits.Validate();

        // An empty builder reads no settings files or environment variables, so only the given options apply.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Limit(kestrel, listener));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        WebApplication application = builder.Build();
        application.UseWebSockets(new WebSocketOptions
        {
            KeepAliveInterval = listener.Limits.IdleTimeout / 2, KeepAliveTimeout = listener.Limits.FrameTimeout,
        });
        return application;
    }

    /// <exception cref="BridgeException">The server cannot listen on the address.</exception>
    internal static async Task StartAsync(WebApplication application, BridgeListener listener, CancellationToken cancel)
    {
        try
        {
            await application.StartAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw error is SocketException or IOException
                ? new BridgeException($"bridge: cannot listen on {listener.EndPoint} ({error.Message}); use an "
                    + "address of this machine and a free port", error)
                : error;
        }
    }

    internal static Uri AddressOf(WebApplication application)
    {
        IServer server = application.Services.GetRequiredService<IServer>();
        return new Uri(server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    /// <summary>Reads the body of a request as JSON; an empty body gives an empty object.</summary>
    /// <exception cref="BridgeException">
    /// The body is too long or not a JSON object, or the time limit is exceeded.
    /// </exception>
    internal static async Task<JsonObject> ReadAsync(HttpRequest request, BridgeLimits limits, CancellationToken cancel)
    {
        byte[] body = await Deadline.WithinAsync(limits.FrameTimeout, token =>
            BodyAsync(request.Body, limits.MaxFrameBytes, token), "a request is not complete", cancel)
            .ConfigureAwait(false);
        return body.Length == 0 ? [] : JsonNumbers.Parse(body, "request");
    }

    /// <summary>Reads a stream up to a maximum number of bytes.</summary>
    /// <exception cref="BridgeException">The stream is longer.</exception>
    internal static async ValueTask<byte[]> BodyAsync(Stream body, int max, CancellationToken cancel)
    {
        var whole = new ArrayBufferWriter<byte>();
        for (int read = -1; read != 0;)
        {
            read = await body.ReadAsync(whole.GetMemory(), cancel).ConfigureAwait(false);
            whole.Advance(read);
            if (whole.WrittenCount > max)
            {
                throw new BridgeException($"bridge: the request body is too long (expected at most {max} bytes)");
            }
        }

        return whole.WrittenSpan.ToArray();
    }

    internal static Task WriteAsync(HttpResponse response, int status, JsonObject json, CancellationToken cancel) =>
        WriteAsync(response, status, Encoding.UTF8.GetBytes(json.ToJsonString()), cancel);

    internal static async Task WriteAsync(HttpResponse response, int status, byte[] json, CancellationToken cancel)
    {
        (response.StatusCode, response.ContentType, response.ContentLength) = (status, "application/json", json.Length);
        await response.Body.WriteAsync(json, cancel).ConfigureAwait(false);
    }

    /// <summary>Runs a request handler; converts exceptions to an HTTP status and a one-line error message.</summary>
    internal static async Task GuardAsync(HttpContext context, BridgeListener listener, Func<Task> answer)
    {
        try
        {
            await answer().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
#pragma warning disable CA1031 // Any error caused by a peer may end only its own request.
        catch (Exception error)
#pragma warning restore CA1031
        {
            listener.Log?.Invoke($"{context.Request.Method} {context.Request.Path}: {error.Message}");
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            int status = error switch { Microsoft.AspNetCore.Http.BadHttpRequestException bad =>
                bad.StatusCode, IOException => StatusCodes.Status400BadRequest,
                _ => StatusCodes.Status500InternalServerError };
            string told = status == StatusCodes.Status500InternalServerError ? "internal error" : error.Message;
            await WriteAsync(context.Response, status, new JsonObject { ["detail"] = told }, CancellationToken.None)
                .ConfigureAwait(false);
        }
    }

    private static void Limit(KestrelServerOptions kestrel, BridgeListener listener)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = listener.Limits.MaxFrameBytes;
        kestrel.Limits.RequestHeadersTimeout = listener.Limits.FrameTimeout;
        kestrel.Limits.KeepAliveTimeout = listener.Limits.IdleTimeout;
        kestrel.Limits.MaxConcurrentConnections = listener.Limits.MaxConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = listener.Limits.MaxConnections;
        kestrel.Listen(listener.Address, listener.Port, listen => listen.Protocols = HttpProtocols.Http1);
    }

    /// <summary>Does not handle process signals; that is up to the program, not to a library.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
