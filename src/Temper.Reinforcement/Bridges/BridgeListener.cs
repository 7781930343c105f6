using System.Net;

namespace Temper.Reinforcement.Bridges;

/// <summary>Where a bridge listens, and what it takes.</summary>
public sealed record BridgeListener
{
    /// <summary>
    /// The address: loopback unless said otherwise, so that nobody else reaches it. None of the protocols encrypts or
    /// asks who one is.
    /// </summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0: one that is free.</summary>
    public int Port { get; init; }

    /// <summary>Limits of each connection.</summary>
    public BridgeLimits Limits { get; init; } = new();

    /// <summary>
    /// Told in one line why a connection ended other than by its peer's wish; from any thread. Null: nobody is.
    /// </summary>
    public Action<string>? Told { get; init; }

    internal IPEndPoint EndPoint => new(Address, Port);
}
