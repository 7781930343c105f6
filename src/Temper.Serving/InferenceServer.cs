using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Temper.Inference;
using Temper.Serving.Metrics;

namespace Temper.Serving;

/// <summary>
/// Answers inference requests over HTTP by the Open Inference Protocol (KServe V2): metadata, inference with JSON and
/// with binary data,
/// health; and metrics for Prometheus under <c>/metrics</c>.
/// </summary>
/// <remarks>
/// HTTP without encryption: listen on loopback, or behind a proxy that encrypts. Requests are run in batches; see
/// <see cref="BatchingQueue"/>.
/// </remarks>
public sealed class InferenceServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly BatchingQueue _queue;
    private readonly ServerOptions _options;
    private volatile bool _isStopping;

    private InferenceServer(CompiledNetwork network, ServerOptions options)
    {
        _options = options;
        _queue = new BatchingQueue(network, options.Batching);
        _application = Build();
        Routes.Map(_application, this, options, _queue, new ServerMetrics(_queue));
    }

    /// <summary>Where it listens, such as <c>http://127.0.0.1:8080</c>.</summary>
    public Uri Address => new(
        _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Whether it takes requests.</summary>
    internal bool IsReady => !_isStopping;

    /// <summary>Starts a server.</summary>
    /// <param name="network">The network, compiled for the batch sizes that will come: those it is not compiled for
    /// cost the first request.</param>
    /// <param name="options">Address, limits, token; null for the defaults.</param>
    /// <param name="cancellation">Gives starting up.</param>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    /// <exception cref="ArgumentException">A name or limit cannot be used.</exception>
    public static async Task<InferenceServer> StartAsync(
        CompiledNetwork network, ServerOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        options ??= new ServerOptions();
        Check(options);
        var server = new InferenceServer(network, options);
        try
        {
            await server._application.StartAsync(cancellation).ConfigureAwait(false);
            return server;
        }
        catch (Exception error)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            if (error is SocketException socket)
            {
                throw new IOException(
                    "InferenceServer.StartAsync: cannot listen on "
                    + $"{new IPEndPoint(options.Address, options.Port)} ({socket.Message}); "
                    + "give an address of this machine and a port that is free",
                    error);
            }

            throw;
        }
    }

    /// <summary>Takes no new connections, finishes the requests that run within
    /// <see cref="ServerOptions.StopTimeout"/>, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        using (var timeout = new CancellationTokenSource(_options.StopTimeout))
        {
            await _application.StopAsync(timeout.Token).ConfigureAwait(false);
        }

        await _queue.DisposeAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private WebApplication Build()
    {
        // An empty builder reads no settings file and no variable: what holds is what the options say.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(Limit);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = _options.StopTimeout);
        return builder.Build();
    }

    private void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = _options.MaxRequestBytes;
        kestrel.Limits.RequestHeadersTimeout = _options.RequestTimeout;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MaxConcurrentConnections = 1024;
        kestrel.Listen(_options.Address, _options.Port, listen => listen.Protocols = HttpProtocols.Http1);
    }

    private static void Check(ServerOptions options)
    {
        Name(options.ModelName);
        Name(options.ModelVersion);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxRequestBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxRequestBytes, Array.MaxLength / 2);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.RequestTimeout, TimeSpan.Zero);
        static void Name(string name)
        {
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            {
                throw new ArgumentException(
                    "InferenceServer.StartAsync: the name cannot stand in an address "
                    + $"(got '{name}', expected letters, digits, '.', '_', '-')");
            }
        }
    }

    /// <summary>Signals are the program's to handle, not a library's.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
