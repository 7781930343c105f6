using System.Net;
using Temper.Inference;

namespace Temper.Serving;

/// <summary>How an <see cref="InferenceServer"/> works.</summary>
public sealed record ServerOptions
{
    /// <summary>Model name in URLs: letters, digits, and <c>. _ -</c>.</summary>
    public string ModelName { get; init; } = "model";

    /// <summary>Model version in URLs.</summary>
    public string ModelVersion { get; init; } = "1";

    /// <summary>Address to listen on; default loopback, which other machines cannot reach.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port, 0 to 65535; 0 = any free port.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Largest body of a request, in bytes; larger ones are answered with 413.</summary>
    public long MaxRequestBytes { get; init; } = 32L << 20;

    /// <summary>Time for reading a request, above which 408, and for answering it, above which 504.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that running requests are given when the server stops.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Sizes of batches, of the queue (full: 503) and of the thread pool.</summary>
    public BatchingOptions Batching { get; init; } = new();

    /// <summary>What requests have to show as <c>Authorization: Bearer ...</c>, all but those for health; null:
    /// nothing.</summary>
    public string? Token { get; init; }

    /// <summary>Called with failures of the server itself; null: not reported.</summary>
    public Action<Exception>? OnFailure { get; init; }
}
