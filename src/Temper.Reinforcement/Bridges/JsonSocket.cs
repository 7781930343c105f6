using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Temper.Reinforcement.Bridges;

/// <summary>JSON messages over a WebSocket, with the limits of a bridge.</summary>
/// <param name="socket">The socket; whoever made it disposes of it.</param>
/// <param name="limits">The limits.</param>
/// <param name="peer">Who is at the other end.</param>
internal sealed class JsonSocket(WebSocket socket, BridgeLimits limits, string peer)
{
    private readonly ArrayBufferWriter<byte> _message = new();

    /// <summary>The next message; null: the peer has closed the socket.</summary>
    /// <param name="patience">How long the peer may take to begin it.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="BridgeException">It is too long, too slow or no JSON object.</exception>
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

    /// <summary>The answer of a peer that was asked.</summary>
    internal async Task<JsonObject> AnswerAsync(CancellationToken cancel) =>
        await ReadAsync(limits.FrameTimeout, cancel).ConfigureAwait(false)
            ?? throw new BridgeException($"{peer}: closed the socket instead of an answer");

    internal Task WriteAsync(JsonObject message, CancellationToken cancel) => Deadline.WithinAsync(
        limits.FrameTimeout, token => socket.SendAsync(
            Encoding.UTF8.GetBytes(message.ToJsonString()).AsMemory(), WebSocketMessageType.Text, endOfMessage: true,
            token), $"{peer}: does not take a message", cancel);

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
