using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// A TCP connection that exchanges messages. Each message is its length in bytes (uint32, little-endian) followed by
/// its content. Supports one reader and one writer at a time.
/// </summary>
internal sealed class FrameConnection : IDisposable
{
    private const int FirstBytes = 4096;
    private readonly TcpClient _client;
    private readonly NetworkStream _stream;
    private readonly BridgeLimits _limits;
    private readonly byte[] _length = new byte[sizeof(uint)];
    private byte[] _message = new byte[FirstBytes], _sent = new byte[FirstBytes];
    private bool _isClosed;

    internal FrameConnection(TcpClient client, BridgeLimits limits, string peer)
    {
        (_client, _limits, Peer) = (client, limits, peer);
        client.NoDelay = true;
        client.Client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        _stream = client.GetStream();
    }

    /// <summary>Name of the peer in error messages.</summary>
    internal string Peer { get; }

    /// <summary>Connects to a peer within the time limit.</summary>
    /// <exception cref="BridgeException">The peer does not accept the connection in time.</exception>
    internal static async Task<FrameConnection> ConnectAsync(
        DnsEndPoint peer, BridgeLimits limits, CancellationToken cancel)
    {
        string name = $"{peer.Host}:{peer.Port}";
        var client = new TcpClient();
        try
        {
            await Deadline.WithinAsync(limits.FrameTimeout, token =>
                client.ConnectAsync(peer.Host, peer.Port, token), $"{name}: no reply", cancel)
                .ConfigureAwait(false);
            return new FrameConnection(client, limits, name);
        }
        catch (Exception error)
        {
            client.Dispose();
            throw error is SocketException
                ? new BridgeException($"{name}: cannot connect ({error.Message}); is the other side running?", error)
                : error;
        }
    }

    /// <summary>Reads the next message. It is valid until the next read.</summary>
    /// <param name="patience">Time limit for the start of the message.</param>
    /// <param name="cancel">Cancels the read.</param>
    /// <returns>The message; null: the peer closed the connection.</returns>
    /// <exception cref="BridgeException">
    /// The message is empty or too long, a time limit is exceeded, or the connection ends within the message.
    /// </exception>
    internal async Task<ReadOnlyMemory<byte>?> ReadAsync(TimeSpan patience, CancellationToken cancel)
    {
        int first = await Deadline.WithinAsync(patience, token =>
            _stream.ReadAsync(_length, token), $"{Peer}: sent nothing", cancel).ConfigureAwait(false);
        return first == 0 ? null : await Deadline.WithinAsync(_limits.FrameTimeout, token =>
            RestAsync(first, token), $"{Peer}: a message is not complete", cancel).ConfigureAwait(false);
    }

    /// <summary>Reads the reply of a peer.</summary>
    /// <exception cref="BridgeException">
    /// As for <see cref="ReadAsync"/>; also if the peer closed the connection.
    /// </exception>
    internal async Task<ReadOnlyMemory<byte>> AnswerAsync(CancellationToken cancel) =>
        await ReadAsync(_limits.FrameTimeout, cancel).ConfigureAwait(false)
            ?? throw new BridgeException($"{Peer}: closed the connection instead of replying");

    /// <summary>Sends a message.</summary>
    /// <exception cref="BridgeException">
    /// The connection was closed on this side, or the peer does not accept the message in time.
    /// </exception>
    internal async Task WriteAsync(ReadOnlyMemory<byte> message, CancellationToken cancel)
    {
        if (_isClosed)
        {
            throw new BridgeException($"{Peer}: the connection is closed, because an earlier request failed or the "
                + "environment was disposed; connect again");
        }

        if (_sent.Length < message.Length + sizeof(uint))
        {
            _sent = new byte[message.Length + sizeof(uint)];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(_sent, (uint)message.Length);
        message.CopyTo(_sent.AsMemory(sizeof(uint)));
        await Deadline.WithinAsync(
            _limits.FrameTimeout, token => _stream.WriteAsync(_sent.AsMemory(0, message.Length + sizeof(uint)), token),
            $"{Peer}: did not accept a message", cancel).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _isClosed = true;
        _client.Dispose();
    }

    private async ValueTask<ReadOnlyMemory<byte>?> RestAsync(int got, CancellationToken cancel)
    {
        await FillAsync(_length.AsMemory(got), cancel).ConfigureAwait(false);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_length);
        if (length == 0 || length > (uint)_limits.MaxFrameBytes)
        {
            throw new BridgeException($"{Peer}: invalid message length (got {length} bytes, expected 1 to "
                + $"{_limits.MaxFrameBytes}); does it speak another protocol?");
        }

        // Memory is allocated as data arrives, not from the announced length, which is not trusted.
        for (int read = 0; read < (int)length;)
        {
            if (read == _message.Length)
            {
                Array.Resize(ref _message, Math.Min(_message.Length * 2, (int)length));
            }

            int part = Math.Min(_message.Length, (int)length) - read;
            await FillAsync(_message.AsMemory(read, part), cancel).ConfigureAwait(false);
            read += part;
        }

        return _message.AsMemory(0, (int)length);
    }

    private async ValueTask FillAsync(Memory<byte> bytes, CancellationToken cancel)
    {
        while (!bytes.IsEmpty)
        {
            int read = await _stream.ReadAsync(bytes, cancel).ConfigureAwait(false);
            bytes = read > 0
                ? bytes[read..]
                : throw new BridgeException($"{Peer}: the connection ended in the middle of a message");
        }
    }
}
