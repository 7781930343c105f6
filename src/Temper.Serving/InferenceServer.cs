using System.Globalization;
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
/// Serves inference requests over HTTP with the Open Inference Protocol (KServe V2): metadata, health, and inference
/// with JSON or binary data. Also serves Prometheus metrics at <c>/metrics</c>.
/// </summary>
/// <remarks>
/// HTTP is not encrypted: listen on loopback, or use a proxy that terminates TLS. Requests are run in batches; see
/// <see cref="BatchingQueue"/>.
/// </remarks>
public sealed class InferenceServer : IAsyncDisposable
{
    /// <summary>Longest time that a timer supports.</summary>
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromMilliseconds(int.MaxValue);

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

    /// <summary>URL of the server, such as <c>http://127.0.0.1:8080</c>.</summary>
    public Uri Address => new(
        _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Whether the server accepts requests.</summary>
    internal bool IsReady => !_isStopping;

    /// <summary>Starts a server.</summary>
    /// <param name="network">
    /// The network, compiled for the expected batch sizes; other batch sizes are compiled on first use.
    /// </param>
    /// <param name="options">Address, limits and token; null: the defaults.</param>
    /// <param name="cancellation">Cancels the start.</param>
    /// <exception cref="IOException">The server cannot listen on the address.</exception>
    /// <exception cref="ArgumentException">A name or limit is invalid.</exception>
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
                    + "use an address of this machine and a free port",
                    error);
            }

            throw;
        }
    }

    /// <summary>
    /// Stops the server: accepts no new connections and finishes running requests within
    /// <see cref="ServerOptions.StopTimeout"/>.
    /// </summary>
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
        // An empty builder reads no configuration files or environment variables: only the options apply.
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
        Require(options.Port is >= 0 and <= 65535, nameof(options.Port), options.Port, "0 to 65535");
        Require(
            options.MaxRequestBytes >= 1 && options.MaxRequestBytes <= Array.MaxLength / 2,
            nameof(options.MaxRequestBytes), options.MaxRequestBytes,
            string.Create(CultureInfo.InvariantCulture, $"1 to {Array.MaxLength / 2}"));
        Require(
            options.RequestTimeout > TimeSpan.Zero, nameof(options.RequestTimeout), options.RequestTimeout,
            "above zero");
        Require(
            options.RequestTimeout <= MaxTimeout, nameof(options.RequestTimeout), options.RequestTimeout,
            "at most 24 days");
        Require(
            options.StopTimeout >= TimeSpan.Zero && options.StopTimeout <= MaxTimeout, nameof(options.StopTimeout),
            options.StopTimeout, "0 to 24 days");
        static void Require(bool fits, string name, object got, string expected)
        {
            if (!fits)
            {
                throw new ArgumentOutOfRangeException(name, string.Create(
                    CultureInfo.InvariantCulture,
                    $"ServerOptions: {name} is out of range (got {got}, expected {expected})"));
            }
        }

        static void Name(string name)
        {
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            {
                throw new ArgumentException(
                    "InferenceServer.StartAsync: the name cannot be used in a URL "
                    + $"(got '{name}', expected letters, digits, '.', '_', '-')");
            }
        }
    }

    /// <summary>Does not handle signals: that is left to the program that uses the library.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
