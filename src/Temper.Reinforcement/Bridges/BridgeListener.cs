using System.Net;

namespace Temper.Reinforcement.Bridges;

/// <summary>Address and limits of a bridge that accepts connections.</summary>
public sealed record BridgeListener
{
    /// <summary>
    /// Address to listen on. Default: loopback, which other machines cannot reach. None of the protocols has encryption
    /// or authentication.
    /// </summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port to listen on; 0: any free port.</summary>
    public int Port { get; init; }

    /// <summary>Limits for each connection.</summary>
    public BridgeLimits Limits { get; init; } = new();

    /// <summary>
    /// Receives one line of text when a connection ends with an error or is refused; may be called from any thread.
    /// Null: errors are not reported.
    /// </summary>
    public Action<string>? Log { get; init; }

    internal IPEndPoint EndPoint => new(Address, Port);
}
