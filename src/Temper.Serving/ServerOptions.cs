using System.Net;
using Temper.Inference;

namespace Temper.Serving;

/// <summary>Options of an <see cref="InferenceServer"/>.</summary>
public sealed record ServerOptions
{
    /// <summary>Model name in URLs: letters, digits, and <c>. _ -</c>. Default "model".</summary>
    public string ModelName { get; init; } = "model";

    /// <summary>Model version in URLs, with the same characters. Default "1".</summary>
    public string ModelVersion { get; init; } = "1";

    /// <summary>Address to listen on. Default loopback, which other machines cannot reach.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port, 0 to 65535; 0: any free port. Default 8080.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>
    /// Maximum size of a request body in bytes, default 32 MiB; larger requests are rejected with status 413.
    /// </summary>
    public long MaxRequestBytes { get; init; } = 32L << 20;

    /// <summary>
    /// Maximum time for receiving a request (else status 408) and computing its result (else 504). Default 30 s.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time for running requests to finish when the server stops. Default 30 s.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Batch size, queue length (status 503 if the queue is full) and threads.</summary>
    public BatchingOptions Batching { get; init; } = new();

    /// <summary>
    /// Token that requests must send as <c>Authorization: Bearer ...</c>, except health checks. Default null: no token
    /// needed.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>Called with exceptions that are internal errors of the server; null: not reported.</summary>
    public Action<Exception>? OnFailure { get; init; }
}
