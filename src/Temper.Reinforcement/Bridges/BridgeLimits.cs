namespace Temper.Reinforcement.Bridges;

/// <summary>How much and how long a bridge takes from a peer: what comes over a wire is not trusted.</summary>
public sealed record BridgeLimits
{
    /// <summary>Largest message, in bytes; a longer one ends its connection before memory is taken for it.</summary>
    public int MaxFrameBytes { get; init; } = 16 << 20;

    /// <summary>
    /// Time for the rest of a message that has begun, for sending one, for connecting, and for an environment's answer.
    /// </summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time that a peer may think before its next message; a connection whose other end is gone ends after it.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Connections at a time; further ones are closed at once.</summary>
    public int MaxConnections { get; init; } = 64;

    internal void Validate()
    {
        if (MaxFrameBytes < 64 || FrameTimeout <= TimeSpan.Zero || IdleTimeout <= TimeSpan.Zero || MaxConnections < 1)
        {
            throw new ArgumentException(
                $"bridge: a limit is out of range (got {MaxFrameBytes} bytes, {FrameTimeout}, {IdleTimeout}, "
                + $"{MaxConnections} connections; expected 64 or more, above zero, above zero, 1 or more)");
        }
    }
}

/// <summary>A peer of a bridge is gone, too slow, or does not keep to the protocol.</summary>
public sealed class BridgeException : IOException
{
    /// <summary>With nothing said.</summary>
    public BridgeException()
    {
    }

    /// <summary>With what is wrong.</summary>
    /// <param name="message">Peer, what is wrong, what to do.</param>
    public BridgeException(string message)
        : base(message)
    {
    }

    /// <summary>With what is wrong and why.</summary>
    /// <param name="message">Peer, what is wrong, what to do.</param>
    /// <param name="inner">What was noticed first.</param>
    public BridgeException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
