using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Temper.Reinforcement.Bridges;

/// <summary>Exchanges JSON messages over a WebSocket, within the limits of a bridge.</summary>
/// <param name="socket">The socket; it is not disposed here.</param>
/// <param name="limits">The limits.</param>
/// <param name="peer">Name of the peer in error messages.</param>
internal sealed class JsonSocket(WebSocket socket, BridgeLimits limits, string peer)
{
    private readonly ArrayBufferWriter<byte> _message = new();

    /// <summary>Reads the next message; null: the peer closed the socket.</summary>
    /// <param name="patience">Time limit for the start of the message.</param>
    /// <param name="cancel">Cancels the read.</param>
    /// <exception cref="BridgeException">
    /// The message is too long or not a JSON object, or a time limit is exceeded.
    /// </exception>
    internal async Task<JsonObject?> ReadAsync(TimeSpan patience, CancellationToken cancel)
    {
        _message.ResetWrittenCount();
        ValueWebSocketReceiveResult part =
            await Deadline.WithinAsync(patience, ReceiveAsync, $"{peer}: sent nothing", cancel).ConfigureAwait(false);
        if (!part.EndOfMessage)
        {
            part = await Deadline.WithinAsync(
                limits.FrameTimeout, RestAsync, $"{peer}: a message is not complete", cancel).ConfigureAwait(false);
        }

        return part.MessageType == WebSocketMessageType.Close ? null : JsonNumbers.Parse(_message.WrittenSpan, peer);
    }

    /// <summary>Reads the reply of a peer; throws if the peer closed the socket.</summary>
    internal async Task<JsonObject> AnswerAsync(CancellationToken cancel) =>
        await ReadAsync(limits.FrameTimeout, cancel).ConfigureAwait(false)
            ?? throw new BridgeException($"{peer}: closed the socket instead of replying");

    internal Task WriteAsync(JsonObject message, CancellationToken cancel) => Deadline.WithinAsync(
        limits.FrameTimeout, token => socket.SendAsync(
            Encoding.UTF8.GetBytes(message.ToJsonString()).AsMemory(), WebSocketMessageType.Text, endOfMessage: true,
            token), $"{peer}: did not accept a message", cancel);

    private async ValueTask<ValueWebSocketReceiveResult> RestAsync(CancellationToken cancel)
    {
        ValueWebSocketReceiveResult part = await ReceiveAsync(cancel).ConfigureAwait(false);
        while (!part.EndOfMessage)
        {
            part = await ReceiveAsync(cancel).ConfigureAwait(false);
        }

        return part;
    }

    private async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(CancellationToken cancel)
    {
        ValueWebSocketReceiveResult part =
            await socket.ReceiveAsync(_message.GetMemory(), cancel).ConfigureAwait(false);
        _message.Advance(part.Count);
        return _message.WrittenCount <= limits.MaxFrameBytes ? part : throw new BridgeException(
            $"{peer}: a message is too long (expected at most {limits.MaxFrameBytes} bytes)");
    }
}
