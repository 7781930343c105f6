using System.Net;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// An environment in another process, reached over TCP with Temper's own protocol. Every wait has a time limit. An
/// error closes the connection, and later calls throw at once.
/// </summary>
public sealed class RemoteEnvironment : IEnvironment, IDisposable
{
    private readonly FrameConnection _connection;
    private readonly float[] _observation;

    /// <param name="connection">Connection to a server, whose first message has been read.</param>
    /// <param name="spec">The environment that the message describes.</param>
    internal RemoteEnvironment(FrameConnection connection, EnvironmentSpec spec)
    {
        (_connection, Spec) = (connection, spec);
        _observation = new float[spec.ObservationShape.Count];
    }

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; }

    /// <summary>Connects to an environment server.</summary>
    /// <param name="peer">Host and port.</param>
    /// <param name="limits">Limits; null: the defaults.</param>
    /// <param name="cancel">Cancels connecting.</param>
    /// <exception cref="BridgeException">The server cannot be reached or violates the protocol.</exception>
    public static RemoteEnvironment Connect(
        DnsEndPoint peer, BridgeLimits? limits = null, CancellationToken cancel = default)
    {
        limits ??= new BridgeLimits();
        limits.Validate();
        FrameConnection connection = FrameConnection.ConnectAsync(peer, limits, cancel).GetAwaiter().GetResult();
        try
        {
            ReadOnlyMemory<byte> hello = connection.AnswerAsync(cancel).GetAwaiter().GetResult();
            return new RemoteEnvironment(connection, WireProtocol.ReadHello(hello.Span, connection.Peer));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="BridgeException">The server disconnected, timed out or violated the protocol.</exception>
    public void Reset(ulong seed, Span<float> observation) => Exchange(WireProtocol.ResetOf(seed), observation);

    /// <inheritdoc/>
    /// <exception cref="BridgeException">The server disconnected, timed out or violated the protocol.</exception>
    public StepOutcome Step(AgentAction action, Span<float> observation) =>
        Exchange(WireProtocol.StepOf(action), observation);

    /// <summary>Closes the connection; may be called more than once.</summary>
    public void Dispose() => _connection.Dispose();

    private StepOutcome Exchange(byte[] message, Span<float> observation)
    {
        StepOutcome outcome;
        try
        {
            _connection.WriteAsync(message, CancellationToken.None).GetAwaiter().GetResult();
            ReadOnlyMemory<byte> answer = _connection.AnswerAsync(CancellationToken.None).GetAwaiter().GetResult();
            outcome = WireProtocol.ReadObservation(answer.Span, _observation, _connection.Peer);
        }
        catch
        {
            // A reply that arrives late would be taken for the reply to the next request.
            _connection.Dispose();
            throw;
        }

        if (!observation.IsEmpty)
        {
            _observation.CopyTo(observation);
        }

        return outcome;
    }
}
