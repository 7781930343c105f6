using System.Globalization;

namespace Temper.Reinforcement.Bridges;

/// <summary>Limits of a bridge. They protect against peers that are faulty or malicious.</summary>
public sealed record BridgeLimits
{
    /// <summary>
    /// Largest message in bytes, 64 or more. A longer message ends the connection before memory is allocated for it.
    /// </summary>
    public int MaxFrameBytes { get; init; } = 16 << 20;

    /// <summary>
    /// Time limit for connecting, for sending a message, for receiving the rest of a message, and for an environment's
    /// reply.
    /// </summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time without a message after which a connection is closed, which also removes peers that have disappeared.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Maximum number of open connections, 1 or more; further ones are closed immediately.</summary>
    public int MaxConnections { get; init; } = 64;

    internal void Validate()
    {
        if (MaxFrameBytes < 64 || FrameTimeout <= TimeSpan.Zero || IdleTimeout <= TimeSpan.Zero || MaxConnections < 1)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"bridge: a limit is out of range (got {MaxFrameBytes} bytes, timeouts {FrameTimeout} and "
                + $"{IdleTimeout}, {MaxConnections} connections; expected at least 64 bytes, timeouts above 0, and "
                + $"1 or more connections)"));
        }
    }
}

/// <summary>Thrown when a peer of a bridge has disconnected, exceeds a time limit or violates the protocol.</summary>
public sealed class BridgeException : IOException
{
    /// <summary>Creates an exception without a message.</summary>
    public BridgeException()
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    /// <param name="message">The peer, what is wrong, and what to do.</param>
    public BridgeException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and a cause.</summary>
    /// <param name="message">The peer, what is wrong, and what to do.</param>
    /// <param name="inner">The exception that caused this one.</param>
    public BridgeException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
